//! Choosing without favour.

use rand::TryCryptoRng;

/// A number below `end`, each as likely as any other. `end` is at least 1.
///
/// The remainder of a random number favours small results unless `end` divides the range of the random number. What lies
/// beyond the last whole multiple of `end` is therefore thrown away, which happens less than every second time.
pub(super) fn below<R: TryCryptoRng>(random: &mut R, end: u32) -> Result<u32, R::Error> {
    let surplus = (u32::MAX % end + 1) % end;
    loop {
        let number = random.try_next_u32()?;
        if number <= u32::MAX - surplus {
            return Ok(number % end);
        }
    }
}

/// One of `items`, each as likely as any other; none only of an empty slice.
pub(super) fn choose<'a, T, R: TryCryptoRng>(
    random: &mut R,
    items: &'a [T],
) -> Result<Option<&'a T>, R::Error> {
    let Ok(end @ 1..) = u32::try_from(items.len()) else {
        return Ok(None);
    };
    let index = below(random, end)?;
    Ok(items.get(index as usize))
}
