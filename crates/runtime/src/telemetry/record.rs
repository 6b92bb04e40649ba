//! From `tracing`'s events to whole records, whatever form they are shown in.

use super::fields::Fields;
use crate::Clock;
use jiff::Timestamp;
use serde_json::Value;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id},
};
use tracing_subscriber::{layer::Context, registry::LookupSpan};

/// An event with everything that is known about it.
pub(super) struct Record {
    pub(super) time: Timestamp,
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) message: String,
    /// The event's own fields, then those of the spans around it from the inside out.
    pub(super) fields: Fields,
}

/// Hands every event to a function as a [`Record`].
pub(super) struct Layer {
    clock: Box<dyn Clock>,
    tell: Box<dyn Fn(&Record) + Send + Sync>,
}

impl Layer {
    pub(super) fn new(clock: impl Clock, tell: impl Fn(&Record) + Send + Sync + 'static) -> Self {
        Self {
            clock: Box::new(clock),
            tell: Box::new(tell),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Layer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = match fields.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        (self.tell)(&Record {
            time: self.clock.now(),
            metadata: event.metadata(),
            message,
            fields,
        });
    }
}
