//! Text that fits.

/// `text`, at most so many characters long; what is cut is marked.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// `lines`, one below the other, as many of them as fit whole; how many are left out is said.
pub(super) fn fitted(lines: &[String], most: usize) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let left = lines.len() - number;
        let rest = format!("… and {left} more lines");
        let needed = text.chars().count() + line.chars().count() + rest.chars().count() + 2;
        if needed > most && number > 0 {
            text.push_str(&rest);
            return text;
        }
        let room = most.saturating_sub(text.chars().count() + 1);
        text.push_str(&shortened(line, room));
        text.push('\n');
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_said() {
        let lines: Vec<String> = (0..9).map(|n| format!("line {n} of a notice")).collect();
        let all = fitted(&lines, 1000);
        assert_eq!(all.lines().count(), 9);
        let some = fitted(&lines, 80);
        assert!(some.chars().count() <= 80, "{some}");
        assert!(some.ends_with("… and 6 more lines"), "{some}");
        assert_eq!(fitted(&["ä".repeat(50)], 10).chars().count(), 9);
    }
}
