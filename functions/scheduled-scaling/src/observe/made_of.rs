//! What an instance is made of, for its price. What is not understood has no price, which is not a price of zero.

use crate::config::{Billing, Estimate};
use google_cloud_run_v2::model::Container;
use google_cloud_sql_v1::model::{DatabaseInstance, SqlAvailabilityType};
use nightshift_runtime::config::ByteSize;
use std::collections::HashMap;

const MIB: u64 = 1024 * 1024;

/// All containers of one instance of a service together.
pub(super) fn containers(containers: &[Container], has_gpu: bool) -> Option<Estimate> {
    if has_gpu || containers.is_empty() {
        return None;
    }
    let (mut milli_cpu, mut memory, mut idle) = (0, 0, true);
    for container in containers {
        // What is not said is one processor and 512 MiB, and request-based billing.
        let none = HashMap::new();
        let resources = container.resources.as_ref();
        let limits = resources.map_or(&none, |resources| &resources.limits);
        milli_cpu += limits
            .get("cpu")
            .map_or(Some(1000), |text| thousandths(text))?;
        memory += limits
            .get("memory")
            .map_or(Some(512 * MIB), |text| bytes(text))?;
        idle &= resources.is_none_or(|resources| resources.cpu_idle);
    }
    Some(Estimate {
        milli_cpu,
        memory: ByteSize::new(memory),
        billing: if idle {
            Billing::Request
        } else {
            Billing::Instance
        },
        baseline: None,
        highly_available: false,
        region: None,
    })
}

/// A database of a custom tier, `db-custom-CPUS-MEGABYTES`.
pub(super) fn instance(instance: &DatabaseInstance) -> Option<Estimate> {
    let settings = instance.settings.as_ref()?;
    let mut parts = settings.tier.strip_prefix("db-custom-")?.split('-');
    let cpus: u32 = parts.next()?.parse().ok()?;
    let megabytes: u64 = parts.next()?.parse().ok()?;
    Some(Estimate {
        milli_cpu: cpus.checked_mul(1000)?,
        memory: ByteSize::new(megabytes.checked_mul(MIB)?),
        billing: Billing::Instance,
        baseline: None,
        highly_available: settings.availability_type == SqlAvailabilityType::Regional,
        region: Some(instance.region.clone()).filter(|region| !region.is_empty()),
    })
}

/// `1000m`, `2` or `0.5` processors.
fn thousandths(text: &str) -> Option<u32> {
    if let Some(milli) = text.strip_suffix('m') {
        return milli.parse().ok();
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part: u32 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(part)
}

/// `512Mi`, `2Gi`, `1G` or `1073741824`.
fn bytes(text: &str) -> Option<u64> {
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1024,
        "Mi" => MIB,
        "Gi" => 1024 * MIB,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        assert_eq!(
            ["1000m", "2", "0.5", "x"].map(thousandths),
            [Some(1000), Some(2000), Some(500), None]
        );
        assert_eq!(
            ["512Mi", "2Gi", "1G", "1024", "1Ti"].map(bytes),
            [
                Some(512 * MIB),
                Some(2048 * MIB),
                Some(1_000_000_000),
                Some(1024),
                None
            ]
        );
    }
}
