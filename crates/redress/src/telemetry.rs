//! Traces for OpenTelemetry: one of each request, one of each exchange with a PSP, sent to a collector over OTLP/HTTP
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>). What a span carries is what the log carries: ids, routes and
//! states, never a header, a body or a secret.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use ipnet::IpNet;
use opentelemetry::KeyValue;
use opentelemetry::context::FutureExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HttpClient as Export, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{HttpClient, HttpClientConfig};
use redress_psp::transport::{HttpRequest, Transport};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::failure::Failure;

/// Where spans go below the collector's address.
const TRACES_PATH: &str = "v1/traces";

/// For one export; what does not get through is dropped, and the next ones are tried.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// For the last export, when the server ends.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// The way to a collector. Spans are gathered and sent by a thread of the library's own; when they come faster than they
/// are taken they are dropped, and nothing waits for them.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to gather; must be called inside the runtime.
    ///
    /// # Errors
    /// [`Failure::Unable`] when the exporter cannot be built.
    pub(crate) fn to(collector: &Url) -> Result<Self, Failure> {
        let fail = |error: &dyn std::fmt::Display| {
            Failure::unable(format!("traces cannot be sent (telemetry.otlp_endpoint): {error}"))
        };
        let mut below = collector.clone();
        if !below.path().ends_with('/') {
            below.set_path(&format!("{}/", below.path()));
        }
        let address = below.join(TRACES_PATH).map_err(|error| fail(&error))?;
        // The operator chose the address, and it lies inside most of the time.
        let everywhere = ["0.0.0.0/0", "::/0"].map(str::parse::<IpNet>);
        let allow_nets = everywhere.into_iter().collect::<Result<_, _>>().map_err(|error| fail(&error))?;
        let guard = GuardPolicy { allow_loopback: true, allow_nets, https_only: false };
        let client = HttpClient::new(HttpClientConfig { guard, ..HttpClientConfig::default() })?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Exporting { client: Arc::new(client), runtime: Handle::current() })
            .with_endpoint(address)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(|error| fail(&error))?;
        let resource = Resource::builder()
            .with_service_name("redress")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { provider })
    }

    /// What turns the spans of the program into traces.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        // Our own spans: those of libraries may hold addresses with secrets in them.
        let ours = Targets::new().with_target("redress", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("redress"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    }

    /// Sends what is gathered, for a moment at most.
    pub(crate) async fn finish(self) {
        // It waits for its own thread, which waits for the runtime.
        let finished =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FINISH_LIMIT)).await;
        if !matches!(finished, Ok(Ok(()))) {
            tracing::warn!("the last traces were not taken");
        }
    }
}

/// Joins the trace that the caller names in `traceparent` (<https://www.w3.org/TR/trace-context/>).
pub(crate) async fn in_the_callers_trace(request: Request, next: Next) -> Response {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    next.run(request).with_context(caller).await
}

/// The program's one outgoing client, for a thread outside the runtime.
struct Exporting {
    client: Arc<HttpClient>,
    runtime: Handle,
}

impl std::fmt::Debug for Exporting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporting")
    }
}

#[async_trait]
impl Export for Exporting {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut ask = HttpRequest::new(head.method, head.uri.to_string());
        for (name, value) in &head.headers {
            ask = ask.header(name.clone(), value.to_str()?);
        }
        ask.body = body;
        ask.timeout = EXPORT_TIMEOUT;
        let client = Arc::clone(&self.client);
        let answer = self.runtime.spawn(async move { client.send(ask).await }).await??;
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = http::StatusCode::from_u16(answer.status)?;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}
