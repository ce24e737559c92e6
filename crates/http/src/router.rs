//! Every route, in one flat list, grouped by who calls it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};
use redress_engine::engine::Engine;

use crate::outermost::{Outermost, outermost};
use crate::problem::Problem;
use crate::{docs, health, portal, portone, psp_notifications, sgate, v1};

/// How the caller of an endpoint proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// PortOne's client key and JWT.
    Portone,
    /// SGate's five `x-auth-*` headers.
    Sgate,
    /// An API key as bearer.
    ApiKey,
    /// A session of a person, by its cookie; forms carry their proof besides.
    Portal,
    /// The message itself: a secret or a signature in what is sent.
    InMessage,
    /// Not at all: nothing of a merchant is shown.
    Nobody,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub auth: Auth,
}

/// Builds the service: every face over one engine.
pub fn router(engine: Engine) -> Router {
    all(engine.config().portal.enabled)
        .router
        .fallback(async || Problem::NoRoute)
        .method_not_allowed_fallback(async || Problem::NoMethod)
        .layer(from_fn_with_state(Outermost::new(engine.clone()), outermost))
        .with_state(engine)
}

/// Every endpoint that [`router`] serves; the same list, so that none can be left out.
pub fn routes() -> Vec<RouteInfo> {
    all(true).infos
}

fn all(with_portal: bool) -> Routes {
    let routes = programs(Routes::default());
    if with_portal { people_who_set_up(people(routes)) } else { routes }
}

fn programs(routes: Routes) -> Routes {
    routes
        // PortOne's clients: merchants' servers.
        .add(Auth::InMessage, Method::POST, "/api/merchant/auth-token", portone::auth_token::handle)
        .add(Auth::Portone, Method::POST, "/api/refund/{order_ref}", portone::create_refund::handle)
        .add(Auth::Portone, Method::GET, "/api/refund/{order_ref}", portone::list_refunds::handle)
        .add(Auth::Portone, Method::POST, "/api/merchant/{key}/webhook", portone::add_webhook::handle)
        .add(Auth::Portone, Method::GET, "/api/merchant/{key}/webhook", portone::list_webhooks::handle)
        .add(
            Auth::Portone,
            Method::POST,
            "/api/{key}/transaction-details",
            portone::transaction_details::handle,
        )
        .add(
            Auth::Portone,
            Method::GET,
            "/api/transaction/{merchant_order_ref}/status",
            portone::transaction_status::handle,
        )
        // SGate's clients: merchants' servers.
        .add(Auth::Sgate, Method::POST, "/api_v1/orders/{id}/refunds", sgate::order_refund::handle)
        .add(Auth::Sgate, Method::GET, "/api_v1/orders/{id}", sgate::order_detail::handle)
        .add(Auth::Sgate, Method::GET, "/api_v1/refunds/{id}", sgate::refund_detail::handle)
        .add(
            Auth::Sgate,
            Method::GET,
            "/api_v1/transactions/{id}/merchant",
            sgate::transaction_detail::handle,
        )
        .add(Auth::Sgate, Method::GET, "/api_v1/merchants/{id}", sgate::merchant_detail::handle)
        // Redress's own API: merchants' servers.
        .add(Auth::ApiKey, Method::POST, "/v1/payments", v1::payments::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/payments/{payment}/refunds", v1::refund_create::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payments/{payment}/refundability", v1::refundability::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/refunds", v1::refund_list::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/refunds/{id}/cancel", v1::refund_cancel::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/refunds/{id}/close", v1::refund_close::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/refunds/{id}/refresh", v1::refund_refresh::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/refunds/{id}", v1::refund_read::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/refunds/{id}/timeline", v1::refund_timeline::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payments", v1::list_payments::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payments/{payment}", v1::read_payment::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/payment-imports", v1::payment_imports::create::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payment-imports", v1::payment_imports::list::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payment-imports/{id}", v1::payment_imports::get::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/payment-imports/{id}/rows", v1::payment_imports::rows::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/payments/{payment}/dispute", v1::dispute_payment::dispute)
        .add(
            Auth::ApiKey,
            Method::POST,
            "/v1/payments/{payment}/release-dispute",
            v1::dispute_payment::release,
        )
        .add(Auth::ApiKey, Method::GET, "/v1/connectors", v1::connectors::list)
        .add(Auth::ApiKey, Method::GET, "/v1/psp-accounts", v1::psp_accounts::list)
        .add(Auth::ApiKey, Method::GET, "/v1/psp-accounts/{id}", v1::psp_accounts::get)
        .add(Auth::ApiKey, Method::GET, "/v1/endpoints", v1::endpoints::list::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/endpoints", v1::endpoints::create::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/endpoints/{id}", v1::endpoints::get::handle)
        .add(Auth::ApiKey, Method::PATCH, "/v1/endpoints/{id}", v1::endpoints::change::handle)
        .add(Auth::ApiKey, Method::DELETE, "/v1/endpoints/{id}", v1::endpoints::revoke::handle)
        .add(
            Auth::ApiKey,
            Method::POST,
            "/v1/endpoints/{id}/rotate-secret",
            v1::endpoints::rotate_secret::handle,
        )
        .add(Auth::ApiKey, Method::POST, "/v1/endpoints/{id}/enable", v1::endpoints::enable::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/endpoints/{id}/test", v1::endpoints::test::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/endpoints/{id}/replay", v1::endpoints::replay::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/deliveries", v1::deliveries::list::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/deliveries/{id}", v1::deliveries::get::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/deliveries/{id}/resend", v1::deliveries::resend::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/events", v1::events::list)
        .add(Auth::ApiKey, Method::GET, "/v1/cases", v1::cases::list::handle)
        .add(Auth::ApiKey, Method::GET, "/v1/cases/{id}", v1::cases::get::handle)
        .add(Auth::ApiKey, Method::POST, "/v1/cases/{id}/close", v1::cases::close::handle)
        .add(Auth::Nobody, Method::GET, "/v1/openapi.json", v1::openapi::serve)
        // PSPs.
        .add(Auth::InMessage, Method::POST, "/psp/{psp}/{account_id}", psp_notifications::handle)
        // Operators and load balancers.
        .add(Auth::Nobody, Method::GET, "/healthz", health::healthz)
        .add(Auth::Nobody, Method::GET, "/readyz", health::readyz)
        // Developers, in a browser.
        .add(Auth::Nobody, Method::GET, "/docs", docs::reference::own)
        .add(Auth::Nobody, Method::GET, "/docs/api", docs::reference::own)
        .add(Auth::Nobody, Method::GET, "/docs/api/portone", docs::reference::portone)
        .add(Auth::Nobody, Method::GET, "/docs/api/sgate", docs::reference::sgate)
        .add(Auth::Nobody, Method::GET, "/docs/errors", docs::errors::all)
        .add(Auth::Nobody, Method::GET, "/docs/errors/{code}", docs::errors::one)
        .add(Auth::Nobody, Method::GET, "/docs/openapi/portone.json", portone::openapi::serve)
        .add(Auth::Nobody, Method::GET, "/docs/openapi/sgate.json", sgate::openapi::serve)
        .add(Auth::Nobody, Method::GET, "/docs/style.css", docs::style)
}

/// The portal's pages: people, in a browser.
fn people(routes: Routes) -> Routes {
    use crate::portal::{
        account, case, code, dispute, imports, password, payment, payments, preferences, refund, refund_acts,
        refund_live, refund_new, refunds, second_factor, sign_in, sign_out, start,
    };
    routes
        .add(Auth::Nobody, Method::GET, "/portal/portal.css", portal::assets::style)
        .add(Auth::Nobody, Method::GET, "/portal/portal.js", portal::assets::script)
        .add(Auth::Nobody, Method::GET, "/portal/sign-in", sign_in::form)
        .add(Auth::Nobody, Method::POST, "/portal/sign-in", sign_in::enter)
        .add(Auth::Nobody, Method::POST, "/portal/preferences", preferences::choose)
        .add(Auth::Portal, Method::GET, "/portal/code", code::form)
        .add(Auth::Portal, Method::POST, "/portal/code", code::enter)
        .add(Auth::Portal, Method::POST, "/portal/sign-out", sign_out::here)
        .add(Auth::Portal, Method::POST, "/portal/sign-out-everywhere", sign_out::everywhere)
        .add(Auth::Portal, Method::GET, "/portal/password", password::form)
        .add(Auth::Portal, Method::POST, "/portal/password", password::change)
        .add(Auth::Portal, Method::GET, "/portal/account", account::show_it)
        .add(Auth::Portal, Method::POST, "/portal/account/end-session", account::end_session)
        .add(Auth::Portal, Method::GET, "/portal/second-factor", second_factor::form)
        .add(Auth::Portal, Method::POST, "/portal/second-factor", second_factor::begin)
        .add(Auth::Portal, Method::GET, "/portal/second-factor/confirm", second_factor::secret)
        .add(Auth::Portal, Method::POST, "/portal/second-factor/confirm", second_factor::confirm)
        .add(Auth::Portal, Method::POST, "/portal/recovery-codes", second_factor::new_codes)
        .add(Auth::Portal, Method::GET, "/portal", start::show_it)
        .add(Auth::Portal, Method::GET, "/portal/payments", payments::list)
        .add(Auth::Portal, Method::GET, "/portal/payments.csv", payments::export)
        .add(Auth::Portal, Method::GET, "/portal/refunds", refunds::list)
        .add(Auth::Portal, Method::GET, "/portal/refunds.csv", refunds::export)
        .add(Auth::Portal, Method::GET, "/portal/imports", imports::list)
        .add(Auth::Portal, Method::POST, "/portal/imports", imports::begin)
        .add(Auth::Portal, Method::GET, "/portal/imports/{id}", imports::show_it)
        .add(Auth::Portal, Method::POST, "/portal/imports/{id}", imports::import_checked)
        .add(Auth::Portal, Method::GET, "/portal/payments/{payment}", payment::show_it)
        .add(Auth::Portal, Method::GET, "/portal/payments/{payment}/dispute", dispute::form)
        .add(Auth::Portal, Method::POST, "/portal/payments/{payment}/dispute", dispute::mark)
        .add(Auth::Portal, Method::GET, "/portal/payments/{payment}/refund", refund_new::form)
        .add(Auth::Portal, Method::GET, "/portal/payments/{payment}/refund/summary", refund_new::summary)
        .add(Auth::Portal, Method::POST, "/portal/payments/{payment}/refund", refund_new::make)
        .add(Auth::Portal, Method::GET, "/portal/refunds/{id}", refund::show_it)
        .add(Auth::Portal, Method::GET, "/portal/refunds/{id}/live", refund_live::follow)
        .add(Auth::Portal, Method::POST, "/portal/refunds/{id}/refresh", refund_acts::refresh)
        .add(Auth::Portal, Method::POST, "/portal/refunds/{id}/resend", refund_acts::resend)
        .add(Auth::Portal, Method::GET, "/portal/refunds/{id}/cancel", refund_acts::cancel_form)
        .add(Auth::Portal, Method::POST, "/portal/refunds/{id}/cancel", refund_acts::cancel)
        .add(Auth::Portal, Method::GET, "/portal/refunds/{id}/close", refund_acts::close_form)
        .add(Auth::Portal, Method::POST, "/portal/refunds/{id}/close", refund_acts::close)
        .add(Auth::Portal, Method::GET, "/portal/cases", case::list)
        .add(Auth::Portal, Method::GET, "/portal/cases/{id}", case::show_it)
        .add(Auth::Portal, Method::POST, "/portal/cases/{id}/close", case::close)
}

/// What a merchant's people set up and look back on.
fn people_who_set_up(routes: Routes) -> Routes {
    use crate::portal::{audit, overview, settings};
    routes
        .add(Auth::Portal, Method::GET, "/portal/audit", audit::show_it)
        .add(Auth::Portal, Method::GET, "/portal/overview", overview::show_it)
        .add(Auth::Portal, Method::GET, "/portal/settings", settings::index)
        .add(Auth::Portal, Method::GET, "/portal/settings/keys", settings::keys::list)
        .add(Auth::Portal, Method::POST, "/portal/settings/keys", settings::keys::make)
        .add(Auth::Portal, Method::GET, "/portal/settings/keys/new", settings::keys::form)
        .add(Auth::Portal, Method::GET, "/portal/settings/keys/{id}", settings::key::show_it)
        .add(Auth::Portal, Method::POST, "/portal/settings/keys/{id}/rotate", settings::key::rotate)
        .add(Auth::Portal, Method::POST, "/portal/settings/keys/{id}/revoke", settings::key::revoke)
        .add(Auth::Portal, Method::GET, "/portal/settings/endpoints", settings::endpoints::list)
        .add(Auth::Portal, Method::POST, "/portal/settings/endpoints", settings::endpoints::add)
        .add(Auth::Portal, Method::GET, "/portal/settings/endpoints/new", settings::endpoints::form)
        .add(Auth::Portal, Method::GET, "/portal/settings/endpoints/{id}", settings::endpoint::show_it)
        .add(
            Auth::Portal,
            Method::GET,
            "/portal/settings/endpoints/{id}/edit",
            settings::endpoint_edit::edit_form,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/edit",
            settings::endpoint_edit::edit,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/test",
            settings::endpoint_acts::test,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/rotate",
            settings::endpoint_acts::rotate,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/resend",
            settings::endpoint_acts::resend,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/disable",
            settings::endpoint_acts::disable,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/enable",
            settings::endpoint_acts::enable,
        )
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/endpoints/{id}/revoke",
            settings::endpoint_acts::revoke,
        )
        .add(Auth::Portal, Method::GET, "/portal/settings/accounts", settings::accounts::list)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts", settings::accounts::add)
        .add(Auth::Portal, Method::GET, "/portal/settings/accounts/new", settings::accounts::form)
        .add(Auth::Portal, Method::GET, "/portal/settings/accounts/{id}", settings::account::show_it)
        .add(Auth::Portal, Method::GET, "/portal/settings/accounts/{id}/edit", settings::account::edit_form)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts/{id}/edit", settings::account::edit)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts/{id}/check", settings::account::check)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts/{id}/pause", settings::account::pause)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts/{id}/resume", settings::account::resume)
        .add(Auth::Portal, Method::POST, "/portal/settings/accounts/{id}/revoke", settings::account::revoke)
        .add(Auth::Portal, Method::GET, "/portal/settings/people", settings::people::list)
        .add(Auth::Portal, Method::POST, "/portal/settings/people", settings::people::add)
        .add(Auth::Portal, Method::GET, "/portal/settings/people/new", settings::people::form)
        .add(Auth::Portal, Method::GET, "/portal/settings/people/{id}", settings::person::show_it)
        .add(Auth::Portal, Method::POST, "/portal/settings/people/{id}", settings::person::change)
        .add(Auth::Portal, Method::POST, "/portal/settings/people/{id}/disable", settings::person::disable)
        .add(Auth::Portal, Method::POST, "/portal/settings/people/{id}/enable", settings::person::enable)
        .add(Auth::Portal, Method::POST, "/portal/settings/people/{id}/password", settings::person::password)
        .add(
            Auth::Portal,
            Method::POST,
            "/portal/settings/people/{id}/second-factor",
            settings::person::second_factor,
        )
        .add(Auth::Portal, Method::POST, "/portal/settings/people/{id}/sessions", settings::person::sessions)
}

#[derive(Default)]
struct Routes {
    router: Router<Engine>,
    infos: Vec<RouteInfo>,
}

impl Routes {
    fn add<H, T>(mut self, auth: Auth, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Engine>,
        T: 'static,
    {
        let filter =
            MethodFilter::try_from(method.clone()).expect("the list has only methods that axum routes");
        self.router = self.router.route(path, on(filter, handler));
        self.infos.push(RouteInfo { method, path, auth });
        self
    }
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
