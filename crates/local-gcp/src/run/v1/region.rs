//! Which region a request means.

use crate::http::{ApiError, Call};

/// `projects/P/locations/R` of a request; `-` for all regions, where the path says so.
pub(super) fn location(call: &Call) -> Result<String, ApiError> {
    let project = call.param("namespace")?;
    let region = match call.params.get("location") {
        Some(region) => region.as_str(),
        None => {
            in_host(call.header("host").unwrap_or_default()).unwrap_or(&call.app.options.region)
        }
    };
    Ok(format!("projects/{project}/locations/{region}"))
}

/// The region that a host's name begins with: two words, of which the second ends in digits, and a dash.
fn in_host(host: &str) -> Option<&str> {
    let (area, rest) = host.split_once('-')?;
    let (place, rest) = rest.split_once('-')?;
    let digits = place.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let good = !area.is_empty()
        && area.chars().all(|c| c.is_ascii_lowercase())
        && !digits.is_empty()
        && digits.len() < place.len()
        && digits.chars().all(|c| c.is_ascii_digit())
        && !rest.is_empty();
    host.get(..area.len() + 1 + place.len()).filter(|_| good)
}

#[cfg(test)]
mod tests {
    use super::in_host;

    #[test]
    fn a_region_in_front_of_any_host_is_found() {
        for (host, region) in [
            ("us-central1-run.googleapis.com", Some("us-central1")),
            (
                "northamerica-northeast1-127.0.0.1:8080",
                Some("northamerica-northeast1"),
            ),
            ("europe-west10-localhost", Some("europe-west10")),
            ("run.googleapis.com", None),
            ("127.0.0.1:8080", None),
            ("my-host-name", None),
        ] {
            assert_eq!(in_host(host), region, "{host}");
        }
    }
}
