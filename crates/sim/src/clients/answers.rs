//! What every answer is held to, whatever was asked.

use serde_json::Value;

use super::own_api::is_problem;
use crate::network::{Answer, brief};
use crate::state::{Run, lock};
use crate::witness::Face;

impl Run {
    /// Whether an answer to a merchant shows anything of another, or is a fault of the server.
    pub(super) fn judge(&self, merchant: usize, answer: &Answer, named: &str) {
        self.judge_status("a client", answer);
        let text = String::from_utf8_lossy(&answer.body);
        for other in self.merchants().iter().filter(|other| other.number != merchant) {
            let orders = other.payments.iter().map(|payment| payment.order_ref.as_str());
            let marks = orders.filter(|order| *order != named).chain([other.code.as_str()]);
            for mark in marks.filter(|mark| text.contains(mark)) {
                self.saw(format!("M{merchant} was shown {mark} of M{}: {}", other.number, brief(&text)));
            }
        }
    }

    /// A server's fault is a 503 that says when to come back, or one that asks for no repeat because nobody knows what was done,
    /// and nothing else.
    pub(crate) fn judge_status(&self, who: &str, answer: &Answer) {
        let text = String::from_utf8_lossy(&answer.body).to_lowercase();
        let in_doubt = text.contains("it is not known whether this was done");
        let comes_back = answer.headers.contains_key("retry-after");
        if answer.status >= 500 && !(answer.status == 503 && comes_back != in_doubt) {
            self.saw(format!(
                "{who} was answered {}: {}",
                answer.status,
                brief(&String::from_utf8_lossy(&answer.body))
            ));
        }
    }

    pub(super) fn judge_shape(&self, face: Face, answer: &Answer) {
        if [200, 201].contains(&answer.status) {
            return;
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let right = match face {
            Face::Portone => {
                ["message", "status_code", "status_reason"].iter().all(|field| body[field].is_string())
            }
            Face::Own => is_problem(answer, &body),
            Face::Sgate => body["code"].is_string() && body["message"].is_string() && body["data"].is_array(),
        };
        if !right {
            self.saw(format!("an error of the face {face:?} has another shape: {body}"));
        }
    }

    /// Remembers a promise that was seen broken.
    pub(crate) fn saw(&self, what: String) {
        self.note(format_args!("SEEN: {what}"));
        lock(&self.seen).push(what);
    }
}
