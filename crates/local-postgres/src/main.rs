//! `local-postgres [MAJOR]`: a scratch server for as long as this program runs.

use local_postgres::{LocalPostgres, Search};
use std::{
    env,
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    match run(env::args().nth(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell when this fails.
            let _ = writeln!(io::stderr(), "error: {error}");
            let causes = std::iter::successors(error.source(), |error| (*error).source());
            causes.for_each(|cause| drop(writeln!(io::stderr(), "  because: {cause}")));
            ExitCode::FAILURE
        }
    }
}

fn run(major: Option<String>) -> Result<(), Box<dyn Error>> {
    let search = Search::new().and_wheels_under_target();
    let installation = match major {
        None => search.newest()?,
        Some(text) => search.major(text.parse().map_err(|_| {
            format!("usage: local-postgres [MAJOR]: {text:?} is no major version such as 15")
        })?)?,
    };
    let server = LocalPostgres::builder(installation)
        .without_durability()
        .start()?;
    let mut out = io::stdout();
    writeln!(
        out,
        "PostgreSQL {} until Enter or Ctrl-C",
        server.installation().version()
    )?;
    writeln!(out, "url:      {}", server.url(server.superuser()))?;
    writeln!(out, "socket:   {}", server.socket_url(server.superuser()))?;
    if let Some(file) = server.password_file() {
        writeln!(out, "password: PGPASSFILE={}", file.display())?;
    }
    writeln!(out, "data:     {}", server.data_folder().display())?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
