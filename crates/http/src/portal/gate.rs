//! Who asks, and whether they may: what stands in front of every page.
//!
//! | extractor | lets in |
//! |---|---|
//! | [`Anybody`] | everybody: the sign-in page |
//! | [`Known`] | who showed a good password, also while the code is missing |
//! | [`Present`] | who is signed in, also with a password that somebody else chose |
//! | [`Signed`] | who is signed in and may do something |
//! | [`Posted`] | one of these with a form that is ours |
//!
//! The merchant is reached by [`Signed::to`] alone, which asks whether the person may: no handler can forget it.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::role::{Act, Why};
use redress_engine::engine::Engine;
use redress_engine::portal::sessions::PortalUser;
use redress_engine::portal::{Origin, PortalError, SessionToken, SignedIn, Visitor};

use super::form::{Form, MADE_IN, PROOF};
use super::kept::Kept;
use super::language::Language;
use super::problem::{Against, Stop};
use super::said::Said;
use super::{address, code, cookies, page, problem};
use crate::body::RawBody;
use crate::current;
use crate::problem::Problem;

/// The longest address that somebody is sent on to, in bytes.
const NEXT_BYTES_MAX: usize = 1_000;

/// What a request shows, whoever sent it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) engine: Engine,
    pub(crate) language: Language,
    pub(crate) origin: Origin,
    /// The environment that was chosen.
    pub(super) environment: Environment,
    /// Whether one was.
    pub(super) environment_chosen: bool,
    /// What was done just before.
    pub(super) said: Option<Said>,
    /// Browsers come by https.
    pub(super) https: bool,
    /// The page: of a form, the one that it stood on.
    pub(super) here: String,
    token: Option<SessionToken>,
}

impl Seen {
    fn read(parts: &Parts, engine: &Engine) -> Self {
        let config = &engine.config().portal;
        let chosen = cookies::read(&parts.headers, cookies::ENVIRONMENT).and_then(Environment::parse);
        Self {
            engine: engine.clone(),
            language: Language::of(&parts.headers),
            origin: address::origin(parts, config),
            environment: chosen.unwrap_or(Environment::Sandbox),
            environment_chosen: chosen.is_some(),
            said: cookies::read(&parts.headers, cookies::SAID).and_then(Said::parse),
            https: config.https,
            here: here(parts),
            token: cookies::session(&parts.headers, config.https),
        }
    }

    /// Who is not signed in is sent to sign in, and from there back.
    fn to_sign_in(&self) -> Stop {
        let mut response = page::see_other(&page::with_next("/portal/sign-in", &self.here));
        if self.token.is_some() {
            cookies::set_said(&mut response, Said::SessionOver.as_str(), self.https);
        }
        response.into()
    }
}

/// The page that is asked for; of a form, the one that it stood on, where the browser tells.
fn here(parts: &Parts) -> String {
    let asked = || parts.uri.path_and_query().map(|path| path.as_str().to_owned());
    let from = || {
        let from = parts.headers.get(header::REFERER)?.to_str().ok()?;
        let (_, rest) = from.split_once("://")?;
        Some(rest[rest.find('/')?..].to_owned())
    };
    let looks = matches!(parts.method, Method::GET | Method::HEAD);
    let here = if looks { asked() } else { from() };
    here.filter(|here| is_ours(here)).unwrap_or_else(|| "/portal".to_owned())
}

/// Sent by the script of a page with what nobody has asked for.
const BY_ITSELF: &str = "redress-by-itself";

/// Whether an open page asks by itself, to show how things stand. A script cannot give headers to what listens for events, whose
/// `Accept` the browser makes (<https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface>).
fn is_by_itself(headers: &HeaderMap) -> bool {
    let listens = headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream");
    listens || headers.contains_key(BY_ITSELF)
}

/// Whether an address is one of the portal's own pages, so that people can be sent there: never another site.
pub(super) fn is_ours(address: &str) -> bool {
    let rest = address.strip_prefix("/portal").unwrap_or("x");
    let below = rest.is_empty() || rest.starts_with(['/', '?']);
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    below && plain && !address.contains("//") && address.len() <= NEXT_BYTES_MAX
}

/// Somebody who asks for a page.
pub(crate) trait Caller: FromRequestParts<Engine, Rejection = Stop> + Send {
    /// What the request shows.
    fn seen(&self) -> &Seen;
    /// What forms are made and proved with.
    fn token(&self) -> &SessionToken;
    /// The person, where somebody is signed in.
    fn person(&self) -> Option<&PortalUser>;
    /// How many cases wait, where the page says so.
    fn open_cases(&self) -> u32 {
        0
    }
    /// The browser has no token yet: the page gives it this one.
    fn is_new(&self) -> bool {
        false
    }
    /// Takes note of the form that was sent to an address, where something may be missing before it is taken.
    fn sent(&mut self, _to: &str, _form: &Form) {}
}

/// Whoever it is.
pub(crate) struct Anybody {
    seen: Seen,
    token: SessionToken,
    is_new: bool,
    person: Option<PortalUser>,
}

impl FromRequestParts<Engine> for Anybody {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Stop> {
        let seen = Seen::read(parts, engine);
        let person = match &seen.token {
            Some(token) => match engine.visitor(token).await? {
                Visitor::SignedIn(who) => Some(who.user),
                Visitor::Nobody | Visitor::AwaitsCode(_) => None,
            },
            None => None,
        };
        let is_new = seen.token.is_none();
        let token = seen.token.clone().unwrap_or_else(|| engine.visitor_token());
        Ok(Self { seen, token, is_new, person })
    }
}

impl Caller for Anybody {
    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn token(&self) -> &SessionToken {
        &self.token
    }

    fn person(&self) -> Option<&PortalUser> {
        self.person.as_ref()
    }

    fn is_new(&self) -> bool {
        self.is_new
    }
}

/// Who showed a good password; the code may be missing.
pub(crate) struct Known {
    seen: Seen,
    token: SessionToken,
    /// Who is signed in already; `None` while the code is missing.
    pub(crate) signed_in: Option<SignedIn>,
}

impl FromRequestParts<Engine> for Known {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Stop> {
        let seen = Seen::read(parts, engine);
        let Some(token) = seen.token.clone() else { return Err(seen.to_sign_in()) };
        let visitor = if is_by_itself(&parts.headers) {
            engine.visitor_of_open_page(&token).await?
        } else {
            engine.visitor(&token).await?
        };
        let signed_in = match visitor {
            Visitor::SignedIn(who) => Some(who),
            Visitor::AwaitsCode(_) => None,
            Visitor::Nobody => return Err(seen.to_sign_in()),
        };
        Ok(Self { seen, token, signed_in })
    }
}

impl Caller for Known {
    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn token(&self) -> &SessionToken {
        &self.token
    }

    fn person(&self) -> Option<&PortalUser> {
        self.signed_in.as_ref().map(|who| &who.user)
    }
}

/// Who is signed in, also with a password that somebody else chose: for what concerns the person alone.
pub(crate) struct Present {
    seen: Seen,
    pub(crate) who: SignedIn,
}

/// The log knows already whose the request is.
#[derive(Clone, Copy)]
struct Attributed;

impl FromRequestParts<Engine> for Present {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Stop> {
        let Known { seen, signed_in, .. } = Known::from_request_parts(parts, engine).await?;
        let Some(who) = signed_in else {
            return Err(page::see_other(&page::with_next("/portal/code", &seen.here)).into());
        };
        // A line of the log has what is recorded twice twice, and of a form it is asked twice.
        if parts.extensions.insert(Attributed).is_none() {
            current::is_of(who.user.merchant);
        }
        Ok(Self { seen, who })
    }
}

impl Caller for Present {
    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn token(&self) -> &SessionToken {
        self.who.token()
    }

    fn person(&self) -> Option<&PortalUser> {
        Some(&self.who.user)
    }
}

/// Who is signed in with a password of their own.
pub(crate) struct Signed {
    present: Present,
    open_cases: u32,
    /// What was typed in the form that was sent, where anything was.
    typed: Option<Kept>,
}

/// What somebody was let to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// The person's merchant: nothing of another exists.
    pub(crate) merchant: MerchantId,
    /// The environment that was chosen.
    pub(crate) environment: Environment,
}

impl Signed {
    /// Lets the person do something, or says why not; where a second factor is missing, sends them to show one and
    /// back.
    pub(crate) fn to(&self, act: &Act) -> Result<Scope, Stop> {
        let Present { seen, who } = &self.present;
        match seen.engine.may(who, act) {
            Ok(()) => Ok(Scope { merchant: who.user.merchant, environment: seen.environment }),
            Err(why) => Err(self.turned_away(&why)),
        }
    }

    /// Why the person may not do something, for a page to say beside a button that is off.
    pub(crate) fn why_not(&self, act: &Act) -> Option<Why> {
        self.present.seen.engine.may(&self.present.who, act).err()
    }

    /// The person and the session.
    pub(crate) fn who(&self) -> &SignedIn {
        &self.present.who
    }

    /// Answers a use case that was not done: who may not is told why, or sent to show what is missing.
    pub(crate) fn stopped(&self, error: PortalError) -> Stop {
        match error {
            PortalError::Refused(why) => self.turned_away(&why),
            other => other.into(),
        }
    }

    /// Answers somebody who may not. Where a code is all that is missing, what was typed is kept until it is entered.
    pub(crate) fn turned_away(&self, why: &Why) -> Stop {
        let seen = &self.present.seen;
        if let (Why::SecondFactorOld, Some(typed)) = (why, &self.typed) {
            return code::ask_before(self, typed.clone()).into();
        }
        let to = match why {
            Why::PasswordTemporary => "/portal/password",
            Why::SecondFactorMissing => "/portal/second-factor",
            Why::SecondFactorOld => "/portal/code",
            Why::Role { .. } | Why::NoLimit { .. } | Why::OverLimit { .. } => {
                return Stop::Said(StatusCode::FORBIDDEN, Against::Why(*why));
            }
        };
        page::see_other(&page::with_next(to, &seen.here)).into()
    }
}

impl FromRequestParts<Engine> for Signed {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Stop> {
        let present = Present::from_request_parts(parts, engine).await?;
        if present.who.user.password_temporary {
            return Err(page::see_other(&page::with_next("/portal/password", &present.seen.here)).into());
        }
        let open_cases = open_cases(&present).await?;
        Ok(Self { present, open_cases, typed: None })
    }
}

impl Signed {
    /// Makes sure that what a form makes new is made in the environment that its page named: somebody may have switched in
    /// another window since, and would make for real what the page called a play.
    ///
    /// # Errors
    /// [`Against::OtherEnvironment`] on a page of its own.
    pub(crate) fn opened_here(&self, form: &Form) -> Result<(), Stop> {
        if form.typed(MADE_IN) == self.seen().environment.as_str() {
            return Ok(());
        }
        Err(Stop::Said(StatusCode::CONFLICT, Against::OtherEnvironment))
    }
}

/// How many cases are open, counted no further than the menu shows.
async fn open_cases(present: &Present) -> Result<u32, Stop> {
    let (seen, merchant) = (&present.seen, present.who.user.merchant);
    let kinds = seen.engine.count_open_cases(merchant, seen.environment).await?;
    // Where one kind has more than are counted, so has the whole.
    let more = u32::from(kinds.iter().any(|kind| kind.are_more));
    Ok(kinds.iter().fold(more, |sum, kind| sum.saturating_add(kind.count)))
}

impl Caller for Signed {
    fn open_cases(&self) -> u32 {
        self.open_cases
    }

    fn seen(&self) -> &Seen {
        &self.present.seen
    }

    fn token(&self) -> &SessionToken {
        self.present.token()
    }

    fn person(&self) -> Option<&PortalUser> {
        self.present.person()
    }

    fn sent(&mut self, to: &str, form: &Form) {
        self.typed = Kept::of(to, form).filter(|kept| !kept.fields.is_empty());
    }
}

/// A form that was sent from a page of ours.
///
/// Three things are looked at: where the browser says that it comes from, the session ([`sender`]), and the proof in the
/// form. A form whose proof is one of an earlier token of the session, of a page that was open while a code was entered, is
/// shown again with what was typed in it, to be confirmed; where it is about a secret, its page is.
pub(crate) struct Posted<C> {
    pub(crate) who: C,
    pub(crate) form: Form,
}

impl<C: Caller> FromRequest<Engine> for Posted<C> {
    type Rejection = Stop;

    async fn from_request(request: Request, engine: &Engine) -> Result<Self, Stop> {
        let (parts, body) = request.into_parts();
        let language = Language::of(&parts.headers);
        let from_here = is_from_here(&parts.headers);
        if from_here == Some(false) {
            return Err(problem::foreign(language).into());
        }
        let path = parts.uri.path().to_owned();
        let (mut who, RawBody(body)) = sender::<C, RawBody>(parts, body, engine).await?;
        let form = Form::parse(&body);
        if !who.is_new() && who.token().made_form(form.typed(PROOF)) {
            who.sent(&path, &form);
            return Ok(Self { who, form });
        }
        // Without a browser's word nothing tells an old page of ours from another site's.
        let Some(true) = from_here else { return Err(problem::foreign(language).into()) };
        Err(problem::again(&who, &path, &form).into())
    }
}

/// Who sends a form, and the whole of it.
///
/// Nobody's body is read before they are known. How long it takes to come is the sender's to say, up to a limit, and whoever
/// was known may be disabled meanwhile, signed out, or of another role: so who it is counts as it is once all of it is there.
pub(super) async fn sender<C: Caller, B>(mut head: Parts, body: Body, engine: &Engine) -> Result<(C, B), Stop>
where
    B: FromRequest<Engine, Rejection = Problem> + Send,
{
    C::from_request_parts(&mut head, engine).await?;
    let body = B::from_request(Request::from_parts(head.clone(), body), engine).await?;
    let who = C::from_request_parts(&mut head, engine).await?;
    Ok((who, body))
}

/// Whether the browser says that the request comes from a page of this server; `None` where it says nothing. Its word of
/// `Sec-Fetch-Site` stands whatever proxies do to addresses; `none` is an address that somebody typed.
pub(super) fn is_from_here(headers: &HeaderMap) -> Option<bool> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    if let Some(site) = headers.get("sec-fetch-site") {
        return Some(site == "same-origin" || site == "none");
    }
    let origin = text(headers.get(header::ORIGIN)?);
    let host = headers.get(header::HOST).map(text)?;
    Some(origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_on_to_our_own_pages_alone() {
        for ours in ["/portal", "/portal/payments?term=a%2Fb", "/portal?x=1"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "/",
            "/portals",
            "//portal.example",
            "/portal//x",
            "/portal/\\x",
            "https://x.example/portal",
            "/portal/\r\nx",
            "/portal/ x",
            &format!("/portal/{}", "x".repeat(NEXT_BYTES_MAX)),
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn the_browsers_word_tells_another_site() {
        for (named, expected) in [
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")][..], Some(true)),
            (&[("sec-fetch-site", "none")], Some(true)),
            (&[("sec-fetch-site", "same-site")], Some(false)),
            (&[("sec-fetch-site", "cross-site")], Some(false)),
            (&[("origin", "http://shop.example:8080"), ("host", "shop.example:8080")], Some(true)),
            (&[("origin", "http://shop.example"), ("host", "shop.example:8080")], Some(false)),
            (&[("origin", "null"), ("host", "shop.example")], Some(false)),
            (&[("host", "shop.example")], None),
        ] {
            let pairs = named.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            assert_eq!(is_from_here(&pairs.collect()), expected, "{named:?}");
        }
    }
}
