//! Everything below `infra/` is formatted.

use crate::terraform::Terraform;
use anyhow::Result;

#[test]
fn every_file_is_formatted() -> Result<()> {
    if let Some(terraform) = Terraform::find()? {
        terraform.succeed(".", &["fmt", "-check", "-diff", "-recursive"])?;
    }
    Ok(())
}
