//! Which project and region a request means.

use crate::{
    http::{ApiError, Call},
    run::{names, resource::Resource},
};

/// `projects/P/locations/R` of a request; `-` for all regions, where the path says so.
pub(super) fn location(call: &Call) -> Result<String, ApiError> {
    let region = named(call).unwrap_or(&call.app.options.region);
    Ok(format!("projects/{}/locations/{region}", project(call)?))
}

/// What the names of all that a list holds begin with. Without a region in the path or the host's name that is all regions,
/// which is how gcloud asks for those.
pub(super) fn prefix_of_list(call: &Call) -> Result<String, ApiError> {
    let region = match named(call) {
        None | Some("-") => String::new(),
        Some(region) => format!("{region}/"),
    };
    Ok(format!("projects/{}/locations/{region}", project(call)?))
}

fn named(call: &Call) -> Option<&str> {
    match call.params.get("location") {
        Some(region) => Some(region),
        None => in_host(call.header("host").unwrap_or_default()),
    }
}

/// The id of the project, which clients also call by its number, as answers do.
fn project(call: &Call) -> Result<String, ApiError> {
    let given = call.param("namespace")?;
    let Ok(number) = given.parse::<u64>() else {
        return Ok(given.to_owned());
    };
    let view = call.view();
    let known = view
        .from::<Resource>("")
        .map(|(name, _)| names::project_and_region(name).0);
    let mut known = known.chain([call.app.options.project.as_str()]);
    let found = known.find(|id| call.app.identity.project_number(id) == number);
    Ok(found.unwrap_or(given).to_owned())
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
