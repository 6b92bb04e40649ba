//! `stub-provider`: started by Terraform, with the schema's file in `STUB_PROVIDER_SCHEMA`.

use anyhow::Context as _;
use std::{env, io::Write as _, path::PathBuf};
use tokio::net::UnixListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let file = env::var_os("STUB_PROVIDER_SCHEMA").context(
        "STUB_PROVIDER_SCHEMA is not set: it names the schema's file, such as infra/schema/google-8.7.0.json",
    )?;
    let schema = infra_tests::read_schema(&PathBuf::from(file))?;
    let folder = tempfile::tempdir().context("make a folder for the socket")?;
    let socket = folder.path().join("provider");
    let listener =
        UnixListener::bind(&socket).with_context(|| format!("listen on {}", socket.display()))?;
    // go-plugin's handshake: its own version, the plugin protocol's, and where to connect.
    writeln!(std::io::stdout(), "1|5|unix|{}|grpc|", socket.display())?;
    infra_tests::serve(listener, schema)
        .await
        .context("serve the plugin protocol")
}
