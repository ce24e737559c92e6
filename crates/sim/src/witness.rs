//! What those around Redress saw: the clients' requests and answers, the endpoints' notifications. Plain data, for the
//! auditor.

/// Which API a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// PortOne's.
    Portone,
    /// SGate's.
    Sgate,
    /// Redress' own.
    Own,
}

/// A refund that a client asks for, and all that came of it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its number; also in the reason it gives, or the description in Redress' own API, by which its refund is recognised:
    /// `w17`.
    pub number: usize,
    /// The merchant, by number.
    pub merchant: usize,
    /// Whose order is named, by number: another's is never to be refunded.
    pub owner: usize,
    /// The order named.
    pub order_ref: String,
    /// The API used.
    pub face: Face,
    /// What makes a repeat recognisable, where the client gives it.
    pub key: Option<String>,
    /// Minor units; `None` asks for all that is left.
    pub minor: Option<i64>,
    /// The request is wrong in itself: no refund may come of it.
    pub wrong: bool,
    /// How often it was sent.
    pub sent: u32,
    /// The answers that said that a refund was made by this very request, where the face tells.
    pub made: u32,
    /// The answers that said that there is a refund.
    pub acknowledged: Vec<Acknowledged>,
    /// The answers that said that there is none, or that it failed: HTTP status and code.
    pub refused: Vec<(u16, String)>,
}

/// A refund as an answer showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// As the face names it.
    pub id: String,
    /// The amount, as the answer's text had it.
    pub amount: String,
    /// As the face names it.
    pub status: String,
}

/// A refund that a client withdraws in Redress' own API, and all that came of it.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// Who asks, by number.
    pub merchant: usize,
    /// It is another merchant's refund.
    pub stranger: bool,
    /// The refund's id there.
    pub refund: String,
    /// What makes a repeat recognisable, where the client gives it.
    pub key: Option<String>,
    /// How often it was asked for.
    pub asked: u32,
    /// The answers that said that it is withdrawn.
    pub done: u32,
    /// The answers that said that it is not, and not by that request.
    pub refused: u32,
}

/// A notification that came to an endpoint.
#[derive(Clone, Debug)]
pub struct Received {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The merchant, by number.
    pub merchant: usize,
    /// `standard`, `portone`, `sgate`, or `own` for a payment's own address.
    pub endpoint: &'static str,
    /// GET or POST.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// In lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// It was answered as one that took it, and the answer arrived.
    pub taken: bool,
}

/// A request by which a refund was asked for at a PSP that can tell no two refunds of a payment apart.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The PSP's id of the payment.
    pub payment: String,
    /// When it left, in microseconds since 1970.
    pub left: i64,
    /// When an answer that says what became of it had come to a process that lived.
    pub answered: Option<i64>,
}
