//! What PSPs answer. The first line of an input says what is asked: `submit`, `query`, `id=…` for a question by the PSP's
//! own id, or `check`. The answers follow, separated by a line of `%%`: status, header lines, an empty line, body.
//!
//! Whatever a connector says is the PSP's word must stand in an answer that is whole, and must be about our refund: asked
//! for another sum, payment or reference, the same answer moves no money.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redress_core::recipe::Lookup;
use redress_psp::connector::{AccountCheck, Exchange, QueryAsk, SubmitAsk};
use redress_psp::record::RECORD_BYTES_MAX;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};

use crate::psps::{self, Psp};
use crate::texts::{first_line, header_map, headers};

const BASE: &str = "https://psp.test";

/// No exchange asks more often than this.
const REQUESTS_MAX: usize = 32;

#[derive(Clone)]
enum Ask {
    Submit(SubmitAsk),
    Query(QueryAsk),
}

pub(super) fn run(name: &str, input: &[u8]) {
    let psp = psps::named(name);
    let (what, rest) = first_line(input);
    let answers = read(rest);
    let asked = match what {
        b"check" => return check(psp, &answers),
        b"submit" => Ask::Submit(psp.submit()),
        _ if psp.connector().recipe().lookup == Lookup::None => return,
        b"query" => Ask::Query(psp.query(None)),
        _ => match what.strip_prefix(b"id=").map(std::str::from_utf8) {
            Some(Ok(id)) if is_id(id) => Ask::Query(psp.query(Some(id.to_owned()))),
            _ => return,
        },
    };
    judge(psp, &asked, &answers);
}

fn read(mut rest: &[u8]) -> Vec<HttpResponse> {
    let mut answers = Vec::new();
    let border = b"\n%%\n";
    loop {
        let end = rest.windows(border.len()).position(|window| window == border);
        let (status, body) = first_line(&rest[..end.unwrap_or(rest.len())]);
        let status = std::str::from_utf8(status).ok().and_then(|text| text.parse().ok());
        let Some(status) = status.filter(|status| (100..=599).contains(status)) else { return answers };
        let (pairs, body) = headers(body);
        answers.push(HttpResponse {
            status,
            headers: header_map(&pairs),
            body: Bytes::copy_from_slice(body),
        });
        let Some(end) = end else { return answers };
        rest = &rest[end + border.len()..];
    }
}

fn judge(psp: &Psp, asked: &Ask, answers: &[HttpResponse]) {
    let (exchange, used) = exchange(psp, asked, answers);
    let Exchange { outcome, record } = &exchange;
    assert_eq!(self::exchange(psp, asked, answers), (exchange.clone(), used), "not the same again");
    assert!(used <= REQUESTS_MAX, "{used} requests");
    judge_record(psp, record);
    for told in [outcome.psp_refund_id(), outcome.failed_refund_id()] {
        assert!(told.is_none_or(is_id), "{outcome:?}");
    }
    let used = &answers[..used.min(answers.len())];
    if outcome.says_a_word() {
        assert!(used.iter().any(|answer| answer.status < 500), "{outcome:?} of nobody");
    }
    if !outcome.moved_money() {
        return;
    }
    let (last, before) = used.split_last().expect("an answer");
    if last.body.last().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        let cut = HttpResponse { body: last.body.slice(..last.body.len() - 1), ..last.clone() };
        moves_nothing(psp, asked, &[before, &[cut]].concat(), "cut short");
    }
    let failed = HttpResponse { status: 500, ..last.clone() };
    moves_nothing(psp, asked, &[before, &[failed]].concat(), "a server's error");
    for (named, other, what) in [
        (psp.names_the_sum, other_sum(asked), "another sum"),
        (psp.names_the_payment, other_payment(asked), "another payment"),
        (psp.names_the_key, other_key(asked), "another reference"),
    ] {
        if named {
            moves_nothing(psp, &other, answers, what);
        }
    }
}

fn moves_nothing(psp: &Psp, asked: &Ask, answers: &[HttpResponse], what: &str) {
    let (Exchange { outcome, .. }, _) = exchange(psp, asked, answers);
    assert!(!outcome.moved_money(), "{what}: {outcome:?}");
}

fn check(psp: &Psp, answers: &[HttpResponse]) {
    let network = Network::new(answers);
    let account = psp.account(BASE);
    let found = psp.connector().check(&network, &account, [0; 10]).now_or_never().expect("nothing waits");
    let used = network.sent().min(answers.len());
    assert!(network.sent() <= REQUESTS_MAX);
    if matches!(found, AccountCheck::Proved(_)) {
        assert!(answers[..used].iter().any(|answer| answer.status < 500), "{found:?} of nobody");
    }
}

pub(super) fn judge_record(psp: &Psp, record: &str) {
    assert!(record.len() <= RECORD_BYTES_MAX, "{} bytes of evidence", record.len());
    for name in ["api_key", "hmac_key", "secret_key", "password", "access_token", "client_secret"] {
        let secret = psp.credential(name);
        assert!(secret.is_empty() || !record.contains(&secret), "{name} in {record}");
    }
}

fn exchange(psp: &Psp, asked: &Ask, answers: &[HttpResponse]) -> (Exchange, usize) {
    let (network, account, connector) = (Network::new(answers), psp.account(BASE), psp.connector());
    let exchange = match asked {
        Ask::Submit(ask) => connector.submit(&network, &account, ask).now_or_never(),
        Ask::Query(ask) => connector.query(&network, &account, ask).now_or_never(),
    };
    (exchange.expect("nothing waits"), network.sent())
}

fn changed(asked: &Ask, submit: impl Fn(&mut SubmitAsk), query: impl Fn(&mut QueryAsk)) -> Ask {
    let mut asked = asked.clone();
    match &mut asked {
        Ask::Submit(ask) => submit(ask),
        Ask::Query(ask) => query(ask),
    }
    asked
}

fn other_sum(asked: &Ask) -> Ask {
    changed(
        asked,
        |ask| ask.amount = ask.amount.checked_add(ask.amount).expect("small"),
        |ask| ask.amount = ask.amount.checked_add(ask.amount).expect("small"),
    )
}

fn other_payment(asked: &Ask) -> Ask {
    changed(asked, |ask| ask.psp_payment_id.push('9'), |ask| ask.psp_payment_id.push('9'))
}

fn other_key(asked: &Ask) -> Ask {
    changed(asked, |ask| ask.key.push('9'), |ask| ask.key.push('9'))
}

/// Short and harmless, as an id must be that goes into addresses and tables.
pub(super) fn is_id(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(harmless) && !text.starts_with('.')
}

/// Gives the answers in their order, and then none any more.
pub(super) struct Network<'a> {
    answers: &'a [HttpResponse],
    sent: Mutex<usize>,
}

impl<'a> Network<'a> {
    pub(super) fn new(answers: &'a [HttpResponse]) -> Self {
        Self { answers, sent: Mutex::default() }
    }

    fn sent(&self) -> usize {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Network<'_> {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.answers.get(*sent).cloned();
        *sent += 1;
        Box::pin(std::future::ready(answer.ok_or_else(|| TransportError::Broken("no answer".to_owned()))))
    }
}
