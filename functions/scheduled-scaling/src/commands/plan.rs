//! `scheduled-scaling plan`.

use super::{Context, print};
use crate::{
    cli::{PlanArgs, PlanForm},
    config::Config,
    error::Error,
    plan::{Plan, Range, pending, plan},
    price::{BUILT_IN, Prices},
    report::{Document, html, svg},
};
use jiff::Timestamp;
use nightshift_runtime::{ExitStatus, Output, config};
use std::path::Path;

pub(super) fn offline(
    config: &Config,
    args: &PlanArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let plan = plan(config, &prices(args.prices.as_deref())?, range(args, now));
    show(&plan, args.output)
}

/// The plan of the targets that there are, with what `apply` would change now.
pub(super) async fn online(
    context: &Context,
    args: &PlanArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let prices = prices(args.prices.as_deref())?;
    let fleet = context.scaler.fleet().await;
    let config = fleet.as_config(&context.scaler.config);
    let mut plan = plan(&config, &prices, range(args, now));
    plan.pending = Some(pending(&context.scaler.config, &fleet, now));
    plan.unread = fleet
        .unread
        .iter()
        .map(|(place, why)| format!("{place}: {why}"))
        .collect();
    show(&plan, args.output)?;
    let pending = plan
        .pending
        .iter()
        .flatten()
        .any(|pending| pending.is_change);
    Ok(if args.exit_code && pending {
        ExitStatus::Pending
    } else if plan.unread.is_empty() {
        ExitStatus::Done
    } else {
        ExitStatus::Partial
    })
}

fn range(args: &PlanArgs, now: Timestamp) -> Range {
    Range {
        now,
        first: args.from,
        days: args.days,
        baseline: args.baseline,
    }
}

fn show(plan: &Plan, form: PlanForm) -> Result<ExitStatus, Error> {
    match form {
        PlanForm::Table => print(plan, Output::Table),
        PlanForm::Json => print(plan, Output::Json),
        PlanForm::Svg => print(&Document(svg::draw(plan)), Output::Table),
        PlanForm::Html => print(&Document(html::page(plan)), Output::Table),
    }
}

pub(super) fn prices(file: Option<&Path>) -> Result<Prices, Error> {
    match file {
        Some(file) => Ok(config::load(Some(file))?),
        None => toml::from_str(BUILT_IN)
            .map_err(|why| Error::Usage(format!("the prices in this program: {why}"))),
    }
}
