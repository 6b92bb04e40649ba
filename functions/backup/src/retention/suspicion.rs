//! Signs that a backup, though complete, is not one to rely on: a fresh volume, the wrong host, a table emptied by mistake.

/// What is compared of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The cluster's identifier, when it is known.
    pub system_identifier: Option<String>,
    /// The database's oid.
    pub database_oid: u32,
    /// Tables of users.
    pub user_tables: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of rows.
    pub raw_bytes: u64,
}

impl Measured {
    /// An identifier that is not known may be the same.
    fn same_database(&self, other: &Self) -> bool {
        let clusters = self
            .system_identifier
            .as_ref()
            .zip(other.system_identifier.as_ref());
        clusters.is_none_or(|(a, b)| a == b) && self.database_oid == other.database_oid
    }

    /// What makes it another database than `before`.
    fn stranger(&self, before: &Self) -> String {
        match (&self.system_identifier, &before.system_identifier) {
            (Some(now), Some(then)) if now != then => {
                format!("it is of another cluster (system identifier {now}, before {then})")
            }
            _ => format!(
                "it is of another database under the same name (oid {}, before {})",
                self.database_oid, before.database_oid
            ),
        }
    }
}

/// How much of the median rows or bytes may be gone, in percent, before somebody should look.
const MOST_LOST: u64 = 50;
/// How many earlier backups the median is taken of.
pub const COMPARED: usize = 5;

/// What is strange about `backup`, compared with good earlier ones of the same database name, newest first.
pub fn suspicions(backup: &Measured, earlier: &[Measured]) -> Vec<String> {
    let mut found = Vec::new();
    if backup.user_tables == 0 {
        found.push("it has no user table".to_owned());
    }
    let Some(last) = earlier.first() else {
        return found;
    };
    let known: Vec<&Measured> = earlier.iter().filter(|m| m.same_database(backup)).collect();
    // Two clusters may share a target: each is compared with its own backups once somebody has accepted the first.
    let compared = if known.is_empty() {
        found.push(backup.stranger(last));
        earlier.iter().take(COMPARED).collect()
    } else {
        known
    };
    for (what, now, median) in [
        ("rows", backup.rows, median(&compared, |m| m.rows)),
        (
            "bytes",
            backup.raw_bytes,
            median(&compared, |m| m.raw_bytes),
        ),
    ] {
        if u128::from(now) * 100 < u128::from(median) * u128::from(100 - MOST_LOST) {
            found.push(format!(
                "it has {now} {what}, the backups before it {median}"
            ));
        }
    }
    found
}

fn median(measured: &[&Measured], of: fn(&Measured) -> u64) -> u64 {
    let newest = measured.iter().take(COMPARED);
    let mut values: Vec<u64> = newest.map(|measured| of(measured)).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rows: u64) -> Measured {
        Measured {
            system_identifier: Some("7".into()),
            database_oid: 5,
            user_tables: 3,
            rows,
            raw_bytes: rows * 10,
        }
    }

    #[test]
    fn an_ordinary_backup_is_not_suspicious() {
        assert!(suspicions(&measured(60), &[measured(100), measured(90)]).is_empty());
        assert!(suspicions(&measured(60), &[]).is_empty());
    }

    #[test]
    fn an_empty_database_is_suspicious_even_when_it_is_the_first() {
        let empty = Measured {
            user_tables: 0,
            ..measured(0)
        };
        assert_eq!(suspicions(&empty, &[]), ["it has no user table"]);
    }

    #[test]
    fn a_big_drop_against_the_median_of_five_is_suspicious_one_outlier_is_not() {
        let earlier = [10, 100, 100, 100, 100, 1].map(measured);
        assert_eq!(suspicions(&measured(49), &earlier).len(), 2);
        assert!(suspicions(&measured(51), &earlier).is_empty());
    }

    #[test]
    fn a_cluster_whose_backups_were_accepted_is_no_stranger() {
        let other = Measured {
            system_identifier: Some("8".into()),
            ..measured(10)
        };
        let earlier = [measured(100), other.clone(), measured(100)];
        assert!(suspicions(&other, &earlier).is_empty());
    }

    #[test]
    fn another_cluster_or_database_under_the_same_name_is_suspicious() {
        let other = Measured {
            system_identifier: Some("8".into()),
            ..measured(100)
        };
        assert!(suspicions(&other, &[measured(100)])[0].contains("another cluster"));
        let again = Measured {
            database_oid: 6,
            ..measured(100)
        };
        assert!(suspicions(&again, &[measured(100)])[0].contains("same name"));
        let unknown = Measured {
            system_identifier: None,
            ..measured(100)
        };
        assert!(suspicions(&unknown, &[measured(100)]).is_empty());
    }
}
