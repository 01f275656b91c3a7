//! A file in parts that travel side by side.

/// Smaller ones are not worth a connection of their own.
const LEAST_BYTES: u64 = 32 << 20;

/// Where each part of a file of `size` bytes begins, and its length; at least one, and `most` at the most.
pub(super) fn parts_of(size: u64, most: u64) -> impl Iterator<Item = (u64, u64)> {
    let count = (size / LEAST_BYTES).clamp(1, most);
    let each = size.div_ceil(count);
    (0..count).map(move |at| (at * each, each.min(size - at * each)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_each_byte_once() {
        for size in [0, 1, LEAST_BYTES, 2 * LEAST_BYTES - 1, 2 * LEAST_BYTES, 7 * LEAST_BYTES + 13, 1 << 40] {
            for most in [1, 3, 4, 16] {
                let mut next = 0;
                for (from, length) in parts_of(size, most) {
                    assert_eq!(from, next, "{size} in {most}");
                    next += length;
                }
                assert_eq!(next, size);
            }
        }
        assert_eq!(parts_of(0, 4).count(), 1);
        assert_eq!(parts_of(1 << 40, 4).count(), 4);
    }
}
