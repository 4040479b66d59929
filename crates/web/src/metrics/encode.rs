//! Values into the text that Prometheus reads. Must not know where they come from.

use std::sync::atomic::AtomicU64;

use draywatch_catalog::DURATION_BUCKETS;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::names::Metric;

type Labels = Vec<(&'static str, String)>;

/// A page of metrics under way.
#[derive(Debug, Default)]
pub struct Page {
    registry: Registry,
}

impl Page {
    /// A metric without labels.
    pub fn gauge(&mut self, metric: &Metric, value: f64) {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        self.registry.register(metric.name, metric.help, gauge);
    }

    /// A series for each set of labels, in the order in which the metric names them.
    pub fn gauges<'a, const N: usize>(
        &mut self,
        metric: &Metric,
        series: impl IntoIterator<Item = ([&'a str; N], f64)>,
    ) {
        let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
        for (values, value) in series {
            family.get_or_create(&labels(metric, values)).set(value);
        }
        self.registry.register(metric.name, metric.help, family);
    }

    /// The same for what only grows.
    pub fn counters<'a, const N: usize>(
        &mut self,
        metric: &Metric,
        series: impl IntoIterator<Item = ([&'a str; N], u64)>,
    ) {
        let family = Family::<Labels, Counter>::default();
        for (values, value) in series {
            family.get_or_create(&labels(metric, values)).inc_by(value);
        }
        // The library writes the end of the name itself.
        let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
        self.registry.register(name, metric.help, family);
    }

    /// Runs by how long they took.
    pub fn durations(
        &mut self,
        metric: &Metric,
        counts: &[u64; DURATION_BUCKETS.len() + 1],
        seconds: f64,
    ) {
        let limits = DURATION_BUCKETS.map(f64::from);
        let limits = limits.into_iter().chain([f64::INFINITY]);
        let durations = Durations {
            buckets: limits.zip(*counts).collect(),
            sum: seconds,
        };
        self.registry.register(metric.name, metric.help, durations);
    }

    /// What is told by labels alone.
    pub fn info<const N: usize>(&mut self, metric: &Metric, values: [(&'static str, &str); N]) {
        let labels: Labels = values.map(|(name, value)| (name, value.to_owned())).into();
        let name = metric.name.strip_suffix("_info").unwrap_or(metric.name);
        self.registry.register(name, metric.help, Info::new(labels));
    }

    /// The page.
    pub fn text(&self) -> String {
        let mut page = String::new();
        // Writing into a text cannot fail.
        let _ = text::encode(&mut page, &self.registry);
        page
    }
}

fn labels<const N: usize>(metric: &Metric, values: [&str; N]) -> Labels {
    let names = metric.labels.iter().copied();
    names.zip(values.map(str::to_owned)).collect()
}

/// A histogram that was counted elsewhere.
#[derive(Debug)]
struct Durations {
    buckets: Vec<(f64, u64)>,
    sum: f64,
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
