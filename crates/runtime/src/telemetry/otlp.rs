//! Traces for whoever collects them: sent as protobuf over HTTP where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
//!
//! The other variables of <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/> hold as well:
//! headers, time limits, samplers, attributes. Logs go to standard error as ever and figures to `/metrics`.

use super::WIRE;
use crate::trace::TraceContext;
use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::{env, sync::OnceLock, time::Duration};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

/// How long the last traces may take to leave: part of the ten seconds that Cloud Run gives.
const LAST_EXPORT: Duration = Duration::from_secs(1);

/// What sends, once [`layer`] has been asked to.
static SENDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that hands spans to the sender, if the environment asks for one.
pub(super) fn layer<S>() -> Result<Option<impl Layer<S>>, ExporterBuildError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if !is_asked_for() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().build()?;
    let sender = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource())
        .build();
    let tracer = sender.tracer("nightshift");
    // Set before only by an `init` that failed afterwards, and then nothing is sent anyway.
    let _ = SENDER.set(sender);
    // What sends spans must not make spans of that.
    let quiet = WIRE.into_iter().chain(["opentelemetry"]);
    let filter = quiet.fold(
        Targets::new().with_default(LevelFilter::INFO),
        |filter, name| filter.with_target(name, LevelFilter::OFF),
    );
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    Ok(Some(layer.with_filter(filter)))
}

fn is_asked_for() -> bool {
    let given = |name| env::var(name).is_ok_and(|value| !value.trim().is_empty());
    let disabled =
        env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    !disabled
        && (given("OTEL_EXPORTER_OTLP_ENDPOINT") || given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
}

/// Who sends: `OTEL_SERVICE_NAME`, else the name on Cloud Run.
fn resource() -> Resource {
    let named = env::var_os("OTEL_SERVICE_NAME").is_some();
    let service = super::cloud::Service::of_this_process().filter(|_| !named);
    let resource = Resource::builder();
    match service {
        Some(service) => resource.with_service_name(service.service).build(),
        None => resource.build(),
    }
}

/// Makes `span` part of the trace it was called from, and says which trace and span it is where spans are sent.
pub(crate) fn adopt(span: &Span, parent: Option<&TraceContext>) -> Option<TraceContext> {
    SENDER.get()?;
    if let Some(parent) = parent.and_then(remote) {
        // An error means that the layer does not listen to this span, which the ids below say as well.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    own.is_valid().then(|| TraceContext {
        trace: own.trace_id().to_string(),
        span: Some(own.span_id().to_string()),
        sampled: own.is_sampled(),
    })
}

fn remote(context: &TraceContext) -> Option<SpanContext> {
    let trace = TraceId::from_hex(&context.trace).ok()?;
    let span = SpanId::from_hex(context.span.as_deref()?).ok()?;
    let flags = TraceFlags::default().with_sampled(context.sampled);
    Some(SpanContext::new(
        trace,
        span,
        flags,
        true,
        TraceState::default(),
    ))
}

/// Sends what has not been sent. Blocks for a second at most.
pub(super) fn finish() {
    if let Some(sender) = SENDER.get()
        && let Err(error) = sender.shutdown_with_timeout(LAST_EXPORT)
    {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the last traces were not sent"
        );
    }
}
