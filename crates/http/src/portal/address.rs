//! Where a request comes from: the connection's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use redress_engine::portal::{Origin, PortalConfig};

/// Where a request comes from.
pub(super) fn origin(parts: &Parts, config: &PortalConfig) -> Origin {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let told = config.client_address_header.as_deref().and_then(|name| told_by_proxy(&parts.headers, name));
    // Within one process there is no connection.
    let address = told.or(connection).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Origin::new(address, agent.unwrap_or_default())
}

/// The last entry: the one that the proxy itself wrote. Whatever stands before it came from outside, and may be a lie.
fn told_by_proxy(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    let last = headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
    last.parse().ok().or_else(|| last.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn of(config: &PortalConfig, told: &[&str]) -> IpAddr {
        let mut request = Request::get("/portal");
        for told in told {
            request = request.header("x-forwarded-for", *told);
        }
        let mut request = request.body(()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1_234))));
        origin(&request.into_parts().0, config).address
    }

    #[test]
    fn a_proxy_is_believed_only_where_it_is_trusted_and_only_what_it_wrote_itself() {
        let trusting =
            PortalConfig { client_address_header: Some("x-forwarded-for".into()), ..PortalConfig::default() };
        let connection = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(of(&PortalConfig::default(), &["198.51.100.7"]), connection);
        for (told, address) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["10.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (&["10.0.0.1", "198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["somebody"], "192.0.2.1"),
            (&[], "192.0.2.1"),
        ] {
            assert_eq!(of(&trusting, told), address.parse::<IpAddr>().unwrap(), "{told:?}");
        }
    }
}
