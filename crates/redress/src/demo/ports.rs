//! Where the demo listens. A port is chosen once and kept, so that addresses stay good over restarts.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use redress_engine::world::World;
use tokio::net::{TcpListener, TcpSocket};

use super::files::{WAIT, WAIT_STEP};
use super::state::STATE_FILE;
use crate::failure::Failure;

/// Ports are drawn from here on: below are those that programs like to have for themselves.
const DRAWN_FROM: u16 = 20_000;

/// And below the ones that the system lends to outgoing connections: one of those may be in use at any moment, also
/// at the restart of a demo that keeps it. This is Linux' own beginning of them, where it does not say.
const LENT_FROM: u16 = 32_768;

/// Where Linux says it.
const LENT_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// So many ports are tried before the system chooses one.
const DRAWS_MAX: usize = 100;

/// Takes a kept port on loopback, or draws one. It is bound and not yet listening: nobody is answered before time.
pub(super) async fn take(kept: Option<u16>, what: &str, world: &World) -> Result<TcpSocket, Failure> {
    let Some(port) = kept else { return draw(IpAddr::V4(Ipv4Addr::LOCALHOST), world) };
    bind_patiently(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), world).await.map_err(|error| {
        Failure::unable(format!(
            "cannot listen on port {port}, which this demo keeps for its {what} ({STATE_FILE}): {error}. Another program \
             has it: end that, or start over with another --data"
        ))
    })
}

/// Takes the address of `--listen`. With port 0 the system's choice is not taken for good: `kept` is tried first.
pub(super) async fn take_listen(
    wanted: SocketAddr,
    kept: Option<u16>,
    world: &World,
) -> Result<TcpSocket, Failure> {
    if wanted.port() == 0 {
        let again = kept.and_then(|port| bind(SocketAddr::new(wanted.ip(), port)).ok());
        return again.map_or_else(|| draw(wanted.ip(), world), Ok);
    }
    bind_patiently(wanted, world).await.map_err(|error| {
        let other = SocketAddr::new(wanted.ip(), wanted.port().wrapping_add(1).max(1_024));
        Failure::unable(format!(
            "cannot listen on {wanted}: {error}. Another program has the port, perhaps another demo: end it, or choose \
             another address, as --listen {other}, or --listen {}:0 for any free port",
            wanted.ip()
        ))
    })
}

/// A killed predecessor may still be on its way out.
async fn bind_patiently(address: SocketAddr, world: &World) -> std::io::Result<TcpSocket> {
    let give_up_at = world.clock.now().plus(WAIT);
    loop {
        match bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && world.clock.now() < give_up_at => {
                world.clock.sleep(WAIT_STEP).await;
            }
            done => return done,
        }
    }
}

fn draw(ip: IpAddr, world: &World) -> Result<TcpSocket, Failure> {
    let lent_from = std::fs::read_to_string(LENT_FILE).ok();
    let lent_from =
        lent_from.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(LENT_FROM);
    let range = u64::from(lent_from.saturating_sub(DRAWN_FROM));
    for _ in 0..DRAWS_MAX {
        let Some(offset) = world.random.u64().checked_rem(range) else { break };
        let port = DRAWN_FROM.saturating_add(u16::try_from(offset).unwrap_or_default());
        if let Ok(socket) = bind_alone(SocketAddr::new(ip, port)) {
            return Ok(socket);
        }
    }
    bind_alone(SocketAddr::new(ip, 0)).map_err(|error| Failure::unable(format!("no port is free: {error}")))
}

/// Fails where somebody listens; that connections of a dead predecessor are still dying out does not matter.
fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = socket(address)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Fails also where the address is held by a socket that does not listen yet, as the ports of a starting demo are: one
/// drawn twice would be two servers' address. Afterwards the server itself can bind it, for which this one makes way.
fn bind_alone(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = socket(address)?;
    // Not the default everywhere.
    socket.set_reuseaddr(false)?;
    socket.bind(address)?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

fn socket(address: SocketAddr) -> std::io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// From now on it is answered.
pub(super) fn listen(socket: TcpSocket) -> Result<TcpListener, Failure> {
    socket.listen(BACKLOG).map_err(|error| Failure::unable(format!("cannot listen: {error}")))
}

#[cfg(test)]
mod tests {
    use redress_engine::world::Random;

    use super::*;
    use crate::open::real_world;

    /// Every draw is the same.
    struct Stuck(u8);

    impl Random for Stuck {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
            bytes[0] = self.0;
        }
    }

    fn port(socket: &TcpSocket) -> u16 {
        socket.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn a_port_is_kept_and_a_taken_one_is_told_of() {
        let (world, _) = real_world().unwrap();
        let first = take(None, "sandbox", &world).await.unwrap();
        let kept = port(&first);
        drop(first);
        let again = take(Some(kept), "sandbox", &world).await.unwrap();
        assert_eq!(port(&again), kept);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        drop(again);
        assert_eq!(port(&take_listen(any, Some(kept), &world).await.unwrap()), kept);
        let listener = listen(take(Some(kept), "sandbox", &world).await.unwrap()).unwrap();
        assert_ne!(port(&take_listen(any, Some(kept), &world).await.unwrap()), kept);
        drop(listener);
    }
    #[tokio::test]
    async fn a_port_that_is_drawn_again_before_anybody_listens_is_not_taken_twice() {
        let (mut world, _) = real_world().unwrap();
        // A port that is free, whatever runs beside.
        let first = (0..=u8::MAX).find_map(|draw| {
            world.random = std::sync::Arc::new(Stuck(draw));
            let socket = take_socket(&world)?;
            (port(&socket) == DRAWN_FROM + u16::from(draw)).then_some(socket)
        });
        let first = first.unwrap();
        let second = take_socket(&world).unwrap();
        assert_ne!(port(&first), port(&second));
        // And the server can listen where the first one is held.
        let server = bind(first.local_addr().unwrap()).unwrap();
        listen(server).unwrap();
    }

    fn take_socket(world: &World) -> Option<TcpSocket> {
        draw(IpAddr::V4(Ipv4Addr::LOCALHOST), world).ok()
    }
}
