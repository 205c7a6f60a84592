//! Medians and quartiles.

use serde::Serialize;

/// The middle of a sample, and where its middle half lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// A quarter of the sample is below.
    pub q1: f64,
    /// Half of the sample is below.
    pub median: f64,
    /// A quarter of the sample is above.
    pub q3: f64,
}

impl Quartiles {
    /// Of a sample with at least one number, interpolated between neighbours.
    #[must_use]
    pub fn of(sample: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = sample.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * (sorted.len() as f64 - 1.0);
            let below = sorted.get(place.floor() as usize).copied().expect("not empty");
            let above = sorted.get(place.ceil() as usize).copied().expect("not empty");
            below + (above - below) * place.fract()
        };
        Self { q1: at(0.25), median: at(0.5), q3: at(0.75) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_of_an_unsorted_sample() {
        let of_five = Quartiles::of([5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(of_five, Quartiles { q1: 2.0, median: 3.0, q3: 4.0 });
        let of_two = Quartiles::of([2.0, 1.0]);
        assert_eq!(of_two, Quartiles { q1: 1.25, median: 1.5, q3: 1.75 });
        let of_one = Quartiles::of([7.0]);
        assert_eq!(of_one, Quartiles { q1: 7.0, median: 7.0, q3: 7.0 });
    }
}
