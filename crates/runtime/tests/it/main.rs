//! What cannot be seen from inside one module: standard error on Cloud Run, in a file and on a terminal, and everything
//! that arrives over HTTP.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod event;
#[cfg(test)]
mod gcp;
#[cfg(test)]
mod log_entry;
#[cfg(test)]
mod otlp;
#[cfg(test)]
mod pubsub;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod service;
#[cfg(test)]
mod standard_error;
