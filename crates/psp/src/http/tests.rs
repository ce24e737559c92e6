//! Against real sockets: what a failure proves about the request.

use super::*;
use futures_util::FutureExt;
use http::Method;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longer than any answer below takes, and than a test may.
const AMPLE: Duration = Duration::from_secs(120);

/// A moment that no test outlasts, on however busy a machine.
const LONG_MOMENT: Duration = Duration::from_secs(3_600);

fn client(connect_timeout: Duration) -> HttpClient {
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout }).unwrap();
    that_calls_just_used(client, LONG_MOMENT)
}

fn that_calls_just_used(mut client: HttpClient, just_used: Duration) -> HttpClient {
    client.plan.just_used = just_used;
    client.anonymous = client.plan.build(&client.plan.tls).unwrap();
    client
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn request(address: SocketAddr) -> HttpRequest {
    let mut request = HttpRequest::new(Method::POST, format!("http://{address}/pay?token=hush"))
        .header(http::header::AUTHORIZATION, "Bearer hush")
        .body("application/json", "{}");
    request.timeout = AMPLE;
    request
}

/// Reads one request, head and the two bytes of its body.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n{}") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the request ended early");
        seen.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(seen).unwrap()
}

/// One exchange in which the server reads the request and then says `answer` and hangs up.
async fn said(answer: &str, body_bytes_max: usize) -> Result<HttpResponse, TransportError> {
    let (listener, address) = listener().await;
    let client = client(CONNECT_TIMEOUT);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    };
    let mut request = request(address);
    request.body_bytes_max = body_bytes_max;
    tokio::join!(server, client.send(request)).1
}

fn assert_broken(result: &Result<HttpResponse, TransportError>) {
    assert!(matches!(result, Err(TransportError::Broken(text)) if !text.contains("hush")), "{result:?}");
}

fn assert_not_sent(result: &Result<HttpResponse, TransportError>) {
    assert!(matches!(result, Err(TransportError::NotSent(text)) if !text.contains("hush")), "{result:?}");
}

#[tokio::test]
async fn a_whole_answer_comes_back() {
    let answer = said("HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-length: 5\r\n\r\nhello", 5).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (201, &b"hello"[..]));
    assert_eq!(answer.headers.get("x-a").unwrap(), "b");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let (listener, address) = listener().await;
    drop(listener);
    assert_not_sent(&client(CONNECT_TIMEOUT).send(request(address)).await);
}

#[tokio::test]
async fn a_connection_that_does_not_stand_in_time_is_not_sent() {
    let (listener, address) = listener().await;
    // TLS that is never answered: not one byte of the request can have left.
    let mut request = request(address);
    request.url = format!("https://{address}/");
    let client = client(Duration::from_millis(50));
    let (server, result) = tokio::join!(listener.accept(), client.send(request));
    assert_not_sent(&result);
    drop(server);
}

#[tokio::test]
async fn a_handshake_that_fails_is_not_sent() {
    let (listener, address) = listener().await;
    let mut request = request(address);
    request.url = format!("https://{address}/");
    let client = client(CONNECT_TIMEOUT);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    };
    assert_not_sent(&tokio::join!(server, client.send(request)).1);
}

#[tokio::test]
async fn hanging_up_at_any_later_point_is_broken() {
    for (what, answer) in [
        ("nothing", ""),
        ("half a status line", "HTTP/1.1 2"),
        ("half a head", "HTTP/1.1 200 OK\r\ncontent-le"),
        ("half a body", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"),
        ("half a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"),
        ("no last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        ("no HTTP", "SSH-2.0-OpenSSH_9.6\r\n"),
    ] {
        let result = said(answer, 100).await;
        assert!(matches!(&result, Err(TransportError::Broken(_))), "{what}: {result:?}");
    }
}

#[tokio::test]
async fn hanging_up_without_reading_is_broken() {
    let (listener, address) = listener().await;
    let client = client(CONNECT_TIMEOUT);
    let server = async { drop(listener.accept().await.unwrap()) };
    assert_broken(&tokio::join!(server, client.send(request(address))).1);
}

#[tokio::test]
async fn too_long_an_answer_is_broken() {
    assert_broken(&said("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!", 5).await);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n";
    assert_broken(&said(chunked, 5).await);
    assert_eq!(&said(chunked, 6).await.unwrap().body[..], b"hello!");
}

#[tokio::test]
async fn an_answer_past_the_timeout_is_broken_and_the_body_counts() {
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"] {
        let (listener, address) = listener().await;
        let client = client(CONNECT_TIMEOUT);
        let mut request = request(address);
        // Not so short that a busy machine has not read the request by then.
        request.timeout = Duration::from_secs(1);
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(begun.as_bytes()).await.unwrap();
            stream
        };
        let (_open, result) = tokio::join!(server, client.send(request));
        assert_broken(&result);
    }
}

#[tokio::test]
async fn redirects_are_answers() {
    let answer =
        said("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 5).await;
    assert_eq!(answer.unwrap().status, 302);
}

#[tokio::test]
async fn a_connection_is_used_again_only_where_the_request_allows_it() {
    for reuse in [Reuse::Never, Reuse::JustUsed, Reuse::Kept] {
        let (listener, address) = listener().await;
        let client = client(CONNECT_TIMEOUT);
        let mut first = request(address);
        first.reuse = reuse;
        let (mut stream, ok) = tokio::join!(
            async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_request(&mut stream).await;
                assert!(head.starts_with("POST /pay?token=hush HTTP/1.1\r\n"), "{head}");
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                stream
            },
            client.send(first)
        );
        assert_eq!(ok.unwrap().status, 200);
        let mut again = request(address);
        again.reuse = reuse;
        let server = async {
            if reuse == Reuse::Never {
                assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "it was closed");
                stream = listener.accept().await.unwrap().0;
            }
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        assert_eq!(tokio::join!(server, client.send(again)).1.unwrap().status, 204);
    }
}

/// A client with a connection that was used once and is kept, the server's end of it, and where the server listens.
async fn kept(reuse: Reuse) -> (HttpClient, TcpStream, TcpListener, HttpRequest) {
    kept_by(client(CONNECT_TIMEOUT), reuse).await
}

async fn kept_by(client: HttpClient, reuse: Reuse) -> (HttpClient, TcpStream, TcpListener, HttpRequest) {
    let (listener, address) = listener().await;
    let mut request = request(address);
    request.reuse = reuse;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        stream
    };
    let (stream, answer) = tokio::join!(server, client.send(request.clone()));
    assert_eq!(answer.unwrap().status, 200);
    (client, stream, listener, request)
}

#[tokio::test]
async fn what_reached_a_kept_connection_that_closes_is_broken_and_never_sent_again() {
    for reuse in [Reuse::JustUsed, Reuse::Kept] {
        for read in [true, false] {
            let (client, mut stream, listener, request) = kept(reuse).await;
            let server = async {
                if read {
                    read_request(&mut stream).await;
                } else {
                    stream.readable().await.unwrap();
                }
                drop(stream);
            };
            assert_broken(&tokio::join!(server, client.send(request)).1);
            assert!(
                listener.accept().now_or_never().is_none(),
                "{reuse:?}: it came again over a new connection"
            );
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_before_is_not_used() {
    for reuse in [Reuse::JustUsed, Reuse::Kept] {
        let (client, stream, listener, request) = kept(reuse).await;
        drop(stream);
        // Whoever comes after the closing proves that the news of it has come too.
        let (after, _) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        drop(after.unwrap());
        tokio::task::yield_now().await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        assert_eq!(tokio::join!(server, client.send(request)).1.unwrap().status, 204);
    }
}

#[tokio::test]
async fn a_connection_that_was_not_just_used_is_not_taken_for_a_send() {
    for (reuse, again) in [(Reuse::JustUsed, false), (Reuse::Kept, true)] {
        let client = that_calls_just_used(client(CONNECT_TIMEOUT), Duration::ZERO);
        let (client, mut stream, listener, request) = kept_by(client, reuse).await;
        let server = async {
            // Either the request comes, or the end because nobody needs the connection.
            assert_eq!(stream.peek(&mut [0]).await.unwrap() > 0, again, "{reuse:?}");
            if !again {
                stream = listener.accept().await.unwrap().0;
            }
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        assert_eq!(tokio::join!(server, client.send(request)).1.unwrap().status, 204);
    }
}

#[tokio::test]
async fn guarded_addresses_are_not_sent_to() {
    let (listener, address) = listener().await;
    let guarded = HttpClient::new(HttpClientConfig::default()).unwrap();
    let port = address.port();
    for url in [
        format!("http://127.0.0.1:{port}/?hush"),
        format!("http://[::ffff:127.0.0.1]:{port}/?hush"),
        // A name is judged by what it resolves to.
        format!("http://localhost:{port}/?hush"),
        "http://user:hush@example.com/".to_owned(),
        "gopher://example.com/?hush".to_owned(),
        "hush".to_owned(),
    ] {
        let mut request = request(address);
        request.url = url;
        assert_not_sent(&guarded.send(request).await);
    }
    let mut secure = request(address);
    secure.https_only = true;
    assert_not_sent(&client(CONNECT_TIMEOUT).send(secure).await);
    let mut split = request(address);
    split.headers.push((http::header::ACCEPT, "a\r\nx: hush".to_owned()));
    assert_not_sent(&client(CONNECT_TIMEOUT).send(split).await);
    drop(listener);
}

#[tokio::test]
async fn a_name_of_an_allowed_address_is_connected_to() {
    let (listener, address) = listener().await;
    let client = client(CONNECT_TIMEOUT);
    let mut request = request(address);
    request.url = format!("http://localhost:{}/", address.port());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    };
    assert_eq!(tokio::join!(server, client.send(request)).1.unwrap().status, 200);
}

#[test]
fn nothing_secret_is_shown_of_a_request() {
    let shown = format!("{:?}", request("127.0.0.1:80".parse().unwrap()));
    assert!(!shown.contains("hush") && shown.contains("/pay") && shown.contains("authorization"), "{shown}");
}

#[tokio::test]
async fn an_answer_that_may_be_cut_is_an_answer_however_long_it_is() {
    let (listener, address) = listener().await;
    let client = client(CONNECT_TIMEOUT);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n{}", "x".repeat(5_000_000));
        let _ = stream.write_all(answer.as_bytes()).await;
    };
    let mut request = request(address);
    request.body_bytes_max = 1_000;
    request.cut_body = true;
    let answer = tokio::join!(server, client.send(request)).1.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 1_000));
}

#[tokio::test]
async fn an_answer_that_may_be_cut_is_one_also_where_the_rest_does_not_come() {
    for (text, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", 200),
        ("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", 500),
    ] {
        assert_broken(&said(text, 1_000).await);
        let (listener, address) = listener().await;
        let client = client(CONNECT_TIMEOUT);
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(text.as_bytes()).await.unwrap();
        };
        let mut request = request(address);
        request.cut_body = true;
        let answer = tokio::join!(server, client.send(request)).1.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (status, &b"abc"[..]));
    }
}
