//! Over real sockets: what reqwest makes of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use super::refund;
use crate::{Client, Config, Error, NewRefund, Retries};

/// Takes one connection after the other, answers each with the next text and hangs up. What it was asked comes back.
fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let mut stream = listener.accept().unwrap().0;
            let (mut text, mut bytes) = (String::new(), [0; 4096]);
            while !text.contains("\r\n\r\n") || (text.starts_with("POST") && !text.ends_with('}')) {
                let read = stream.read(&mut bytes).unwrap();
                assert!(read > 0, "{text}");
                text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            asked.push(text);
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (url, served)
}

fn whole(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn client(url: &str) -> Client {
    let retries = Retries { first_pause: Duration::from_millis(1), ..Retries::default() };
    Client::new(Config { retries, ..Config::new(url, "rk_secret") }).unwrap()
}

#[tokio::test]
async fn a_broken_answer_is_asked_for_again_and_a_redirect_is_not_followed() {
    let body = refund("succeeded").to_string();
    let cut = whole("201 Created", &body);
    let answers = vec![cut[..cut.len() - 5].to_owned(), String::new(), whole("200 OK", &body)];
    let (url, served) = serve(answers);
    let made = client(&url).create_refund("o1", &NewRefund::of(2500, "SAR")).await.unwrap();
    assert_eq!(made.id, "rf_1");
    let asked = served.join().unwrap();
    let key = |text: &str| {
        text.lines().find_map(|line| line.strip_prefix("idempotency-key: ").map(str::to_owned)).unwrap()
    };
    assert_eq!((key(&asked[0]).len(), key(&asked[0])), (32, key(&asked[2])));
    assert!(asked[0].contains("user-agent: redress-client/") && asked[0].contains("Bearer rk_secret"));

    let (url, served) = serve(vec![whole("302 Found\r\nlocation: http://127.0.0.1:1/", "")]);
    let failed = client(&url).get_refund("rf_1").await.unwrap_err();
    assert!(matches!(failed, Error::Unexpected { status: 302, .. }), "{failed:?}");
    served.join().unwrap();
}

#[tokio::test]
async fn nobody_there_is_told_from_no_answer() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let failed = client(&format!("http://{free}")).get_refund("rf_1").await.unwrap_err();
    assert!(matches!(&failed, Error::NotSent(text) if !text.contains("rk_secret")), "{failed:?}");
}
