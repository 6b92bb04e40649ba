//! `local-postgres [MAJOR]`: a scratch server for as long as this program runs.

use local_postgres::{LocalPostgres, Search};
use std::{env, error::Error, io, io::Write, iter, process::ExitCode};

const USAGE: &str = "\
Starts a scratch PostgreSQL server that is gone when this program is.

usage: local-postgres [MAJOR]      the newest version found, unless told otherwise

  local-postgres 15                until Enter or Ctrl-C
  NIGHTSHIFT_PG_BIN_DIRS=/opt/postgresql/bin local-postgres
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => serve(None),
        [flag] if flag == "--help" => io::stdout().write_all(USAGE.as_bytes()).map_err(Into::into),
        [major] if major.parse::<u32>().is_ok() => serve(major.parse().ok()),
        _ => {
            // There is nobody left to tell when this fails.
            let _ = io::stderr().write_all(USAGE.as_bytes());
            return ExitCode::from(2);
        }
    };
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "error: {error}");
    for cause in iter::successors(error.source(), |cause| (*cause).source()) {
        let _ = writeln!(io::stderr(), "  because: {cause}");
    }
    ExitCode::FAILURE
}

fn serve(major: Option<u32>) -> Result<(), Box<dyn Error>> {
    let search = Search::new().and_wheels_under_target();
    let installation = major.map_or_else(|| search.newest(), |major| search.major(major))?;
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
