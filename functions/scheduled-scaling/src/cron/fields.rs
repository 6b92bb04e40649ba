//! The fields of a cron expression: read strictly, and written as the `cron` crate takes them.

use std::fmt::Write;

/// What may stand in one of the five fields.
pub(super) struct Field {
    name: &'static str,
    /// The lowest value.
    from: u8,
    /// The highest value.
    to: u8,
    /// Names of the values, beginning with that of `from`.
    names: &'static [&'static str],
}

const MONTH_NAMES: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAY_NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) const MINUTES: Field = Field::numbers("minute", 0, 59);
pub(super) const HOURS: Field = Field::numbers("hour", 0, 23);
pub(super) const DAYS: Field = Field::numbers("day of month", 1, 31);
pub(super) const MONTHS: Field = Field {
    name: "month",
    from: 1,
    to: 12,
    names: &MONTH_NAMES,
};
/// Sunday is 0 and 7.
pub(super) const WEEKDAYS: Field = Field {
    name: "day of week",
    from: 0,
    to: 7,
    names: &DAY_NAMES,
};

impl Field {
    const fn numbers(name: &'static str, from: u8, to: u8) -> Self {
        Self {
            name,
            from,
            to,
            names: &[],
        }
    }

    /// Reads `word` and writes the same for the `cron` crate: a star, or every value by itself.
    pub(super) fn read(&self, word: &str) -> Result<String, String> {
        if word == "*" {
            return Ok("*".to_owned());
        }
        let mut values = 0_u64;
        for part in word.split(',') {
            values |= self.part(part)?;
        }
        Ok(self.list(values))
    }

    /// The values of `a`, `a-b`, `a-b/n` or `*/n`, one bit each.
    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(self.step(part, step)?)),
        };
        let (from, to) = if range == "*" {
            (self.from, self.to)
        } else if let Some((from, to)) = range.split_once('-') {
            self.range(self.value(from)?, self.value(to)?, range)?
        } else {
            let value = self.value(range)?;
            if let Some(step) = step {
                let to = self.last();
                return Err(format!(
                    "{}: a step needs a range in front of it: write {value}-{to}/{step} for {part:?}",
                    self.name
                ));
            }
            (value, value)
        };
        let values = (from..=to).step_by(step.unwrap_or(1).into());
        Ok(values.fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, part: &str, step: &str) -> Result<u8, String> {
        match step.parse() {
            Ok(step) if step > 0 => Ok(step),
            _ => Err(format!(
                "{}: the step of {part:?} is not a number above 0",
                self.name
            )),
        }
    }

    fn range(&self, from: u8, to: u8, written: &str) -> Result<(u8, u8), String> {
        if from <= to {
            return Ok((from, to));
        }
        let both = if self.names.len() == 7 && to == 0 {
            // Saturday to Sunday: here the second name of Sunday helps.
            format!("{from}-7")
        } else {
            let until_last = span(from, self.last());
            format!("{until_last},{}", span(self.from, to))
        };
        Err(format!(
            "{}: the range {written:?} runs backwards; write {both}",
            self.name
        ))
    }

    /// The highest value that is not a second name of the lowest.
    fn last(&self) -> u8 {
        if self.names.len() == 7 { 6 } else { self.to }
    }

    fn value(&self, word: &str) -> Result<u8, String> {
        let lower = word.to_lowercase();
        if let Some(position) = self.names.iter().position(|name| *name == lower) {
            return Ok(self.from + u8::try_from(position).unwrap_or_default());
        }
        let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        match word.parse() {
            Ok(value) if digits && (self.from..=self.to).contains(&value) => Ok(value),
            _ => Err(self.not_a_value(word)),
        }
    }

    fn not_a_value(&self, word: &str) -> String {
        let (from, to) = (self.from, self.to);
        let names = match self.names {
            [first, .., last] => format!(" or {first} to {last}"),
            _ => String::new(),
        };
        let foreign = if word.contains(['L', 'W', '#', '?']) {
            "; L, W, # and ? are not Unix cron: use windows, or exceptions with dates"
        } else {
            ""
        };
        format!(
            "{}: {word:?} is not a number from {from} to {to}{names}{foreign}",
            self.name
        )
    }

    fn list(&self, values: u64) -> String {
        let weekdays = self.names.len() == 7;
        let mut list = String::new();
        for value in self.from..=self.to {
            if values & 1 << value == 0 {
                continue;
            }
            if !list.is_empty() {
                list.push(',');
            }
            if weekdays {
                list.push_str(DAY_NAMES[usize::from(value % 7)]);
            } else {
                // Writing to a string cannot fail.
                let _ = write!(list, "{value}");
            }
        }
        list
    }
}

fn span(from: u8, to: u8) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from}-{to}")
    }
}
