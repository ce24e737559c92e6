//! Against a server that lets in only whom its authority has certified.

use super::*;
use crate::guard::GuardPolicy;
use crate::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use http::Method;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longer than anything below takes.
const AMPLE: Duration = Duration::from_secs(120);

/// An authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A certificate for this name, and its key, in PEM.
    fn certify(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    fn identity(&self, name: &str) -> ClientIdentity {
        let (certificate, key) = self.certify(name);
        ClientIdentity::from_pem(format!("{certificate}\n{key}"))
    }
}

/// A server at this address that asks for certificates of this authority.
fn acceptor(authority: &Authority, version: &'static SupportedProtocolVersion) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let own = authority.identity("127.0.0.1").certified().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    TlsAcceptor::from(Arc::new(config))
}

fn client(trusted: &Authority) -> HttpClient {
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let config = HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT };
    HttpClient::trusting(config, vec![trusted.root()]).unwrap()
}

fn request(address: SocketAddr, identity: Option<&ClientIdentity>) -> HttpRequest {
    let mut request =
        HttpRequest::new(Method::POST, format!("https://{address}/refund")).body("text/plain", "{}");
    request.timeout = AMPLE;
    request.identity = identity.cloned();
    request
}

/// One who was let in: the certificate shown, and the connection, which stays open.
type LetIn = (Vec<u8>, TlsStream<TcpStream>);

/// Takes one connection and answers the one request on it. `None` where nobody was let in or nothing came.
async fn serve(listener: &TcpListener, acceptor: &TlsAcceptor) -> Option<LetIn> {
    let (stream, _) =
        tokio::time::timeout(AMPLE, listener.accept()).await.expect("a new connection").unwrap();
    let mut stream = acceptor.accept(stream).await.ok()?;
    let who = stream.get_ref().1.peer_certificates()?.first()?.to_vec();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n{}") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        seen.extend_from_slice(&buffer[..read]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    stream.flush().await.unwrap();
    Some((who, stream))
}

/// Sends once, with the server at the other end.
async fn exchange(
    client: &HttpClient,
    server: (&TcpListener, &TlsAcceptor),
    identity: Option<&ClientIdentity>,
) -> (Result<HttpResponse, TransportError>, Option<LetIn>) {
    let address = server.0.local_addr().unwrap();
    tokio::join!(client.send(request(address, identity)), serve(server.0, server.1))
}

fn first_certificate(identity: &ClientIdentity) -> Vec<u8> {
    identity.certified().unwrap().cert[0].to_vec()
}

#[tokio::test]
async fn whoever_the_servers_authority_certified_is_let_in_and_nobody_else() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (right, wrong) = (authority.identity("merchant"), other.identity("merchant"));
    for version in [&TLS12, &TLS13] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let acceptor = acceptor(&authority, version);
        let server = (&listener, &acceptor);
        let client = client(&authority);

        let (answer, let_in) = exchange(&client, server, Some(&right)).await;
        assert_eq!(&answer.unwrap().body[..], b"ok");
        let (who, _open) = let_in.unwrap();
        assert_eq!(who, first_certificate(&right));

        // The connection and the session of the one who was let in are there, and are not used.
        for identity in [None, Some(&wrong)] {
            let (answer, let_in) = exchange(&client, server, identity).await;
            assert!(let_in.is_none(), "nothing was read");
            match answer {
                Err(TransportError::NotSent(_)) => {}
                // TLS 1.3 lets a client speak before it is told that its certificate was not taken.
                Err(TransportError::Broken(_)) if version.version == TLS13.version => {}
                other => panic!("{other:?}"),
            }
        }
        let second = authority.identity("another merchant");
        let (answer, let_in) = exchange(&client, server, Some(&second)).await;
        assert_eq!((answer.unwrap().status, let_in.unwrap().0), (200, first_certificate(&second)));
    }
}

#[tokio::test]
async fn an_unknown_server_is_told_nothing() {
    let authority = Authority::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let acceptor = acceptor(&authority, &TLS13);
    let client = client(&Authority::new());
    let identity = authority.identity("merchant");
    let (answer, let_in) = exchange(&client, (&listener, &acceptor), Some(&identity)).await;
    assert!(matches!(answer, Err(TransportError::NotSent(_))), "{answer:?}");
    assert!(let_in.is_none());
}

/// The text of a PEM between its markers.
fn inner(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_not_sent_and_not_shown() {
    let authority = Authority::new();
    let (certificate, key) = authority.certify("merchant");
    let (other_certificate, _) = authority.certify("merchant");
    let broken = |pem: &str| pem.replacen(&inner(pem)[4..20], "AAAAAAAAAAAAAAAA", 1);
    let cut = |pem: &str| pem.replace("-----END", "-----NO");
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let client = client(&authority);
    for (certificate, key, problem) in [
        (String::new(), key.clone(), IdentityError::Certificate),
        ("merchant.pem".to_owned(), key.clone(), IdentityError::Certificate),
        (broken(&certificate), key.clone(), IdentityError::Certificate),
        (cut(&certificate), key.clone(), IdentityError::Certificate),
        (certificate.clone(), String::new(), IdentityError::PrivateKey),
        (certificate.clone(), certificate.clone(), IdentityError::PrivateKey),
        (certificate.clone(), broken(&key), IdentityError::PrivateKey),
        (certificate.clone(), encrypted, IdentityError::PrivateKey),
        (other_certificate, key.clone(), IdentityError::Mismatch),
    ] {
        let identity = ClientIdentity::from_pem(format!("{certificate}\n{key}"));
        assert_eq!(identity.check(), Err(problem), "{certificate}{key}");
        // Nobody listens there, and nobody is called.
        let result = client.send(request("127.0.0.1:1024".parse().unwrap(), Some(&identity))).await;
        let Err(TransportError::NotSent(text)) = result else { panic!("{result:?}") };
        assert_eq!(text, problem.to_string());
        for shown in [text, format!("{identity:?}"), format!("{client:?}")] {
            assert!(!key.lines().filter(|line| line.len() > 4).any(|line| shown.contains(line)), "{shown}");
        }
    }
    let identity = ClientIdentity::from_pem(format!("{key}\r\n{certificate}{}", authority.0.pem()));
    assert_eq!(identity.check(), Ok(()), "in either order, and with the authority's own");
    assert!(client.clients_of(&identity).is_ok());
    assert!(!format!("{client:?} {identity:?}").contains(&key.lines().nth(1).unwrap()[..16]));
}

#[test]
fn no_more_identities_are_kept_than_the_bound_and_the_oldest_goes_first() {
    let kept = Identified::default();
    let of = |n: usize| ClientIdentity::from_pem(format!("identity {n}"));
    let get = |n: usize| {
        let mut built = false;
        let got = kept.get(&of(n), || {
            built = true;
            Ok::<_, ()>(n)
        });
        assert_eq!(got, Ok(n));
        built
    };
    for n in 0..IDENTITIES_MAX {
        assert!(get(n), "{n} is new");
    }
    assert!(!get(0), "kept, and now the most recently used");
    assert!(get(IDENTITIES_MAX));
    assert_eq!(kept.lock().len(), IDENTITIES_MAX);
    assert!(!get(0) && get(1) && !get(3));
    assert_eq!(kept.get(&of(1000), || Err("broken")), Err("broken"));
    assert_eq!(kept.lock().len(), IDENTITIES_MAX);
}
