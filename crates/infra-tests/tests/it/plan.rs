//! What would be made in an environment: the plan of `infra/live`, with `infra/env` as it is.

use crate::terraform::Terraform;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// A plan, as Terraform writes it in JSON.
pub(crate) struct Plan(Value);

/// One resource of a plan.
pub(crate) struct Resource<'a> {
    pub(crate) address: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) after: &'a Value,
}

impl Plan {
    /// The plan of an environment; nothing where Terraform is not installed.
    pub(crate) fn of(environment: &str) -> Result<Option<Self>> {
        let variables = format!("-var-file=../env/{environment}.tfvars");
        let plans = Self::all("live", &["-test-directory=tests/environments", &variables])?;
        let first = plans.map(|plans| plans.into_iter().next().context("no plan"));
        Ok(first.transpose()?.map(|(_, plan)| plan))
    }

    /// The plans of the tests of a folder that pass, by the names of their runs.
    pub(crate) fn of_tests(folder: &str) -> Result<Option<Vec<(String, Self)>>> {
        Self::all(folder, &[])
    }

    fn all(folder: &str, more: &[&str]) -> Result<Option<Vec<(String, Self)>>> {
        let Some(terraform) = Terraform::find()? else {
            return Ok(None);
        };
        let said = terraform.succeed(folder, &[&["test", "-json", "-verbose"], more].concat())?;
        let lines = said
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let plans = lines
            .filter(|line| line["type"] == "test_plan")
            .map(|line| {
                let run = line["@testrun"].as_str().unwrap_or_default().to_owned();
                (run, Self(line["test_plan"].clone()))
            });
        Ok(Some(plans.collect()))
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let changes = self.0["resource_changes"].as_array().into_iter().flatten();
        changes.filter_map(|change| {
            Some(Resource {
                address: change["address"].as_str()?,
                kind: change["type"].as_str()?,
                after: &change["change"]["after"],
            })
        })
    }

    /// The value of an output.
    pub(crate) fn output(&self, name: &str) -> &Value {
        &self.0["output_changes"][name]["after"]
    }
}
