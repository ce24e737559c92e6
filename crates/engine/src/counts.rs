//! What tests see of the counters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Counts by metric and labels.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<Key, Arc<AtomicU64>>>>);

impl Counts {
    /// The counts of one metric by its labels' values, in the order in which they are given.
    pub(crate) fn of(&self, name: &str) -> BTreeMap<String, u64> {
        let values = |key: &Key| key.labels().map(|label| label.value().to_owned()).collect::<Vec<_>>();
        let counts = self.0.lock().unwrap();
        let of_it = counts.iter().filter(|(key, _)| key.name() == name);
        of_it.map(|(key, count)| (values(key).join(" "), count.load(Ordering::SeqCst))).collect()
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(key.clone()).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
