//! `scheduled-scaling convert`.

use super::print;
use crate::{
    cli::ConvertSource,
    convert::{from_cloud_scheduler, from_keda, from_uptime},
    error::Error,
    report::Document,
};
use nightshift_runtime::{ExitStatus, Output};
use std::{fs, io, path::Path};

pub(super) fn execute(source: &ConvertSource) -> Result<ExitStatus, Error> {
    let converted = match source {
        ConvertSource::Keda { file } => from_keda(&read(file)?)?,
        ConvertSource::CloudScheduler { file } => from_cloud_scheduler(&read(file)?)?,
        ConvertSource::KubeDownscaler {
            uptime,
            replicas,
            downtime_replicas,
        } => from_uptime(uptime, *replicas, *downtime_replicas)?,
    };
    print(&Document(converted.document()?), Output::Table)
}

pub(super) fn read(file: &Path) -> Result<String, Error> {
    if file == Path::new("-") {
        return io::read_to_string(io::stdin()).map_err(Error::io("read standard input"));
    }
    fs::read_to_string(file).map_err(Error::io(format!("read {}", file.display())))
}
