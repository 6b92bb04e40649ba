use super::*;

#[test]
fn the_closing_word_of_copy_holds_the_row_count() {
    assert_eq!(copied("COPY 42"), Some(42));
    assert_eq!(copied("SELECT 42"), None);
    assert_eq!(copied("COPY"), None);
}
