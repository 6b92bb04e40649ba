//! `scheduled-scaling plan`.

use super::print;
use crate::{
    cli::{PlanArgs, PlanForm},
    config::Config,
    error::Error,
    plan::{Range, plan},
    price::{BUILT_IN, Prices},
    report::{Document, html, svg},
};
use jiff::Timestamp;
use nightshift_runtime::{ExitStatus, Output, config};
use std::path::Path;

pub(super) fn execute(
    config: &Config,
    args: &PlanArgs,
    now: Timestamp,
) -> Result<ExitStatus, Error> {
    let range = Range {
        now,
        first: args.from,
        days: args.days,
    };
    let plan = plan(config, &prices(args.prices.as_deref())?, range);
    match args.output {
        PlanForm::Table => print(&plan, Output::Table),
        PlanForm::Json => print(&plan, Output::Json),
        PlanForm::Svg => print(&Document(svg::draw(&plan)), Output::Table),
        PlanForm::Html => print(&Document(html::page(&plan)), Output::Table),
    }
}

fn prices(file: Option<&Path>) -> Result<Prices, Error> {
    match file {
        Some(file) => Ok(config::load(Some(file))?),
        None => toml::from_str(BUILT_IN)
            .map_err(|why| Error::Usage(format!("the prices in this program: {why}"))),
    }
}
