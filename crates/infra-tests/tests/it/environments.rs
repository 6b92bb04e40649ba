//! Each environment as it is in `infra/env`: its plan keeps the rules of the house, and the programs understand what it tells them.

use crate::{documents, plan::Plan, policy, traps};
use anyhow::Result;

fn check(environment: &str) -> Result<()> {
    let Some(plan) = Plan::of(environment)? else {
        return Ok(());
    };
    assert!(
        plan.resources().count() > 20,
        "{environment} is nearly empty"
    );
    let mut wrong = policy::broken(environment, &plan);
    wrong.extend(traps::fallen_into(&plan)?);
    let (refused, asked) = documents::refused(&plan)?;
    assert!(!asked.is_empty(), "{environment} switches no function on");
    wrong.extend(refused);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn dev_keeps_the_rules_and_its_functions_understand_it() -> Result<()> {
    check("dev")
}

#[test]
fn staging_keeps_the_rules_and_its_functions_understand_it() -> Result<()> {
    check("staging")
}

#[test]
fn production_keeps_the_rules_and_its_functions_understand_it() -> Result<()> {
    check("production")
}
