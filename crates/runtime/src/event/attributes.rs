use std::collections::BTreeMap;

/// The attributes of an event by name.
///
/// Unwrapped Pub/Sub messages carry them as HTTP headers, which loses the case of their names: there
/// `get("billingAccountId")` finds what arrived as `billingaccountid`. Everywhere else case matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    values: BTreeMap<String, String>,
    lower_case: bool,
}

impl Attributes {
    /// The names were in headers, so they are lower case whatever they were before.
    pub(super) fn of_headers(values: BTreeMap<String, String>) -> Self {
        Self {
            values,
            lower_case: true,
        }
    }

    /// The value of the attribute called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = if self.lower_case {
            self.values.get(&name.to_ascii_lowercase())
        } else {
            self.values.get(name)
        };
        value.map(String::as_str)
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(attributes: I) -> Self {
        Self {
            values: attributes.into_iter().collect(),
            lower_case: false,
        }
    }
}
