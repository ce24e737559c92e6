//! An operation of the API: what it takes and answers.

use std::marker::PhantomData;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One operation: `A` is what it answers, `B` its body.
pub(crate) struct Operation<A, B = ()> {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// With `{name}` where a name goes.
    pub(crate) path: &'static str,
    /// The parameters of its query.
    pub(crate) query: &'static [&'static str],
    /// It takes an `Idempotency-Key`: a repeat with the same one does nothing twice.
    pub(crate) keyed: bool,
    /// It takes `Prefer: wait=N`.
    pub(crate) waits: bool,
    types: PhantomData<fn(B) -> A>,
}

impl<A, B> Operation<A, B> {
    const fn new(id: &'static str, method: Method, path: &'static str) -> Self {
        Self { id, method, path, query: &[], keyed: false, waits: false, types: PhantomData }
    }

    pub(crate) const fn get(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::GET, path)
    }

    pub(crate) const fn post(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::POST, path)
    }

    pub(crate) const fn patch(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::PATCH, path)
    }

    pub(crate) const fn delete(id: &'static str, path: &'static str) -> Self {
        Self::new(id, Method::DELETE, path)
    }

    pub(crate) const fn query(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }

    pub(crate) const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    pub(crate) const fn waits(mut self) -> Self {
        self.waits = true;
        self
    }
}

/// An operation as a description has it.
pub trait Described {
    /// `operationId`.
    fn id(&self) -> &'static str;
    /// The method and the path, as `GET /v1/refunds/{id}`.
    fn request(&self) -> String;
    /// The parameters of the query, and the headers.
    fn parameters(&self) -> Vec<&'static str>;
    /// Reads an answer, and writes what was understood of it.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn reread_answer(&self, answer: &Value) -> Result<Value, serde_json::Error>;
    /// The same of a body.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn reread_body(&self, body: &Value) -> Result<Value, serde_json::Error>;
}

impl<A, B> Described for Operation<A, B>
where
    A: Serialize + DeserializeOwned,
    B: Serialize + DeserializeOwned,
{
    fn id(&self) -> &'static str {
        self.id
    }

    fn request(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn parameters(&self) -> Vec<&'static str> {
        let headers = [(self.keyed, "Idempotency-Key"), (self.waits, "Prefer")];
        let headers = headers.into_iter().filter_map(|(takes, name)| takes.then_some(name));
        self.query.iter().copied().chain(headers).collect()
    }

    fn reread_answer(&self, answer: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<A>(answer.clone())?)
    }

    fn reread_body(&self, body: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<B>(body.clone())?)
    }
}
