//! What an API brings along: its tables, methods, timers and seed. See "How an API is added" in the README.

use super::{
    Answer, ApiError, Call,
    error::{self, RenderError},
    query::Query,
    template::{Params, Template},
};
use crate::{
    app::App,
    store::{Record, Schema, Tx},
};
use axum::http::Method as Verb;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use std::{future::Future, sync::Arc};

type Handler = Box<dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Runs inside the transaction that removes the timer, so that both happen or neither.
pub(crate) type OnTimer = fn(&App, &mut Tx, key: &str, at: Timestamp) -> Result<(), ApiError>;

/// Writes one API's section of a seed file, inside the one transaction of the whole file.
pub(crate) type OnSeed = fn(&App, &mut Tx, section: Value) -> Result<(), ApiError>;

/// Brings a long-running operation to its end; what it returns becomes the operation's `response`.
pub(crate) type OnOperation =
    fn(&App, &mut Tx, &crate::google::operations::Operation) -> Result<Value, ApiError>;

/// Called once at the start, to take up work that a stop interrupted.
pub(crate) type OnStart = fn(&App);

/// Whether the variables of a path are such as the API's own; for templates that would match anything.
pub(crate) type Fits = fn(&Params) -> bool;

/// One method of an API.
pub(crate) struct Method {
    /// Google's own name for it, for instance `secretmanager.projects.secrets.get`.
    pub(crate) id: &'static str,
    pub(crate) verb: Verb,
    pub(crate) template: Template,
    /// Query parameters that must be there, which is how S3-style calls are told apart.
    pub(crate) when: &'static [&'static str],
    pub(crate) fits: Fits,
    /// JSON keys (at any depth) whose values the journal does not keep.
    pub(crate) secret: &'static [&'static str],
    /// Whether the handler reads the body itself, as a stream.
    pub(crate) streams: bool,
    pub(crate) render: RenderError,
    pub(crate) host: &'static str,
    pub(crate) handler: Handler,
}

/// One Google API.
pub(crate) struct Api {
    pub(crate) name: &'static str,
    host: &'static str,
    render: RenderError,
    fits: Fits,
    pub(crate) methods: Vec<Arc<Method>>,
    tables: Vec<fn(&mut Schema)>,
    pub(crate) on_timer: Option<OnTimer>,
    pub(crate) on_seed: Option<OnSeed>,
    pub(crate) on_operation: Option<OnOperation>,
    pub(crate) on_start: Option<OnStart>,
}

impl Api {
    /// `name` prefixes its tables and timers and keys its section of the seed; `host` settles whose a path is when two
    /// APIs own the same one.
    pub(crate) fn new(name: &'static str, host: &'static str) -> Self {
        Self {
            name,
            host,
            render: error::google,
            fits: |_| true,
            methods: vec![],
            tables: vec![],
            on_timer: None,
            on_seed: None,
            on_operation: None,
            on_start: None,
        }
    }

    /// How the methods added after this render their errors.
    pub(crate) fn errors(mut self, render: RenderError) -> Self {
        self.render = render;
        self
    }

    /// The methods added after this answer only paths whose variables fit.
    pub(crate) fn only_where(mut self, fits: Fits) -> Self {
        self.fits = fits;
        self
    }

    pub(crate) fn table<T: Record>(mut self) -> Self {
        self.tables.push(Schema::add::<T>);
        self
    }

    pub(crate) fn get<F: Future<Output = Answer> + Send + 'static>(
        self,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.method(Verb::GET, id, template, handler)
    }

    pub(crate) fn post<F: Future<Output = Answer> + Send + 'static>(
        self,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.method(Verb::POST, id, template, handler)
    }

    pub(crate) fn put<F: Future<Output = Answer> + Send + 'static>(
        self,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.method(Verb::PUT, id, template, handler)
    }

    pub(crate) fn patch<F: Future<Output = Answer> + Send + 'static>(
        self,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.method(Verb::PATCH, id, template, handler)
    }

    pub(crate) fn delete<F: Future<Output = Answer> + Send + 'static>(
        self,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.method(Verb::DELETE, id, template, handler)
    }

    pub(crate) fn method<F: Future<Output = Answer> + Send + 'static>(
        mut self,
        verb: Verb,
        id: &'static str,
        template: &'static str,
        handler: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self {
        self.methods.push(Arc::new(Method {
            id,
            verb,
            template: Template::parse(template),
            when: &[],
            fits: self.fits,
            secret: &[],
            streams: false,
            render: self.render,
            host: self.host,
            handler: Box::new(move |call| Box::pin(handler(call))),
        }));
        self
    }

    /// The method added last answers only when all of these query parameters are there.
    pub(crate) fn when(self, keys: &'static [&'static str]) -> Self {
        self.last(|method| method.when = keys)
    }

    /// The journal replaces the values of these JSON keys in the method added last.
    pub(crate) fn secret(self, keys: &'static [&'static str]) -> Self {
        self.last(|method| method.secret = keys)
    }

    /// The method added last reads its body as a stream, for objects that should not stand in memory whole.
    pub(crate) fn streams(self) -> Self {
        self.last(|method| method.streams = true)
    }

    fn last(mut self, change: impl FnOnce(&mut Method)) -> Self {
        if let Some(method) = self.methods.last_mut().and_then(Arc::get_mut) {
            change(method);
        }
        self
    }

    pub(crate) fn on_timer(mut self, handler: OnTimer) -> Self {
        self.on_timer = Some(handler);
        self
    }

    pub(crate) fn on_seed(mut self, handler: OnSeed) -> Self {
        self.on_seed = Some(handler);
        self
    }

    pub(crate) fn on_operation(mut self, handler: OnOperation) -> Self {
        self.on_operation = Some(handler);
        self
    }

    pub(crate) fn on_start(mut self, handler: OnStart) -> Self {
        self.on_start = Some(handler);
        self
    }

    pub(crate) fn declare_tables(&self, schema: &mut Schema) {
        for declare in &self.tables {
            declare(schema);
        }
    }
}

impl Method {
    fn accepts(&self, query: &Query) -> bool {
        self.when.iter().all(|key| query.has(key))
    }
}

/// Finds the method that a request means.
pub(crate) struct Router {
    methods: Vec<Arc<Method>>,
}

impl Router {
    /// Of several methods that match, the more exact template wins, then the one with more query conditions, then the
    /// API named first.
    pub(crate) fn new(apis: &[Api]) -> Self {
        let mut methods: Vec<_> = apis
            .iter()
            .flat_map(|api| api.methods.iter().cloned())
            .collect();
        methods.sort_by_key(|m| std::cmp::Reverse((m.template.precedence(), m.when.len())));
        Self { methods }
    }

    pub(crate) fn find(
        &self,
        verb: &Verb,
        path: &str,
        query: &Query,
        host: &str,
    ) -> Option<(Arc<Method>, Params)> {
        let mut found = None;
        for method in self
            .methods
            .iter()
            .filter(|m| m.verb == *verb && m.accepts(query))
        {
            let params = method.template.matches(path);
            let Some(params) = params.filter(|params| (method.fits)(params)) else {
                continue;
            };
            if host == method.host || host.ends_with(&format!("-{}", method.host)) {
                return Some((method.clone(), params));
            }
            found.get_or_insert_with(|| (method.clone(), params));
        }
        found
    }
}
