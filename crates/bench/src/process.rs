//! What the machine has and what processes used of it, as the Linux kernel tells it in `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::Outcome;

/// Microseconds of one tick in `/proc/*/stat`: `USER_HZ` is 100 on every platform Linux runs on today.
const TICK_MICROS: u64 = 10_000;

/// CPU time of a process's threads since each began, in nanoseconds, summed by their names.
pub(crate) type ByThread = BTreeMap<String, u64>;

/// The threads of a process that are alive. Exact to the nanosecond, kernel time included.
pub(crate) fn cpu_by_thread(pid: u32) -> Outcome<ByThread> {
    let dir = PathBuf::from(format!("/proc/{pid}/task"));
    let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
    let mut all = ByThread::new();
    for thread in fs::read_dir(&dir).map_err(fail)?.flatten() {
        // A thread may end between the listing and the reading.
        let read = |name: &str| fs::read_to_string(thread.path().join(name)).ok();
        let (Some(name), Some(times)) = (read("comm"), read("schedstat")) else { continue };
        let nanos = times.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        *all.entry(name.trim().to_owned()).or_default() += nanos;
    }
    Ok(all)
}

/// CPU time of a process, its children and those of them that have ended, in microseconds; one tick is 10 000.
pub(crate) fn cpu_of_family_micros(parent: u32) -> Outcome<u64> {
    let mut ticks = stat(parent).map(|own| own.own_ticks + own.ended_ticks).ok_or("the server is gone")?;
    for entry in fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        ticks += stat(pid).filter(|child| child.parent == parent).map_or(0, |child| child.own_ticks);
    }
    Ok(ticks * TICK_MICROS)
}

struct Stat {
    parent: u32,
    own_ticks: u64,
    ended_ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let fields: Vec<u64> =
        text.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let at = |i: usize| fields.get(i).copied();
    Some(Stat {
        parent: u32::try_from(at(1)?).ok()?,
        own_ticks: at(11)? + at(12)?,
        ended_ticks: at(13)? + at(14)?,
    })
}

/// The most memory that a process has held at once, in KiB; files in the system's cache do not count.
pub(crate) fn peak_memory_kib(pid: u32) -> Outcome<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| error.to_string())?;
    field(&text, "VmHWM:").ok_or_else(|| "the kernel does not tell the peak memory".to_owned())
}

/// The most memory that the living children of a process have held, summed, in KiB. Shared pages count once for each.
pub(crate) fn peak_memory_of_children_kib(parent: u32) -> Outcome<u64> {
    let mut sum = peak_memory_kib(parent)?;
    for entry in fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        if stat(pid).is_some_and(|child| child.parent == parent) {
            sum += peak_memory_kib(pid).unwrap_or(0);
        }
    }
    Ok(sum)
}

/// CPU time of everything on the machine, in microseconds, what a hypervisor took away included.
pub(crate) fn machine_busy_micros() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/stat").map_err(|error| format!("/proc/stat: {error}"))?;
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests used is in user already.
    let busy: u64 =
        ticks.iter().take(8).enumerate().filter(|(i, _)| ![3, 4].contains(i)).map(|(_, n)| n).sum();
    Ok(busy * TICK_MICROS)
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The machine's memory, in MiB.
pub(crate) fn memory_mib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    field(&text, "MemTotal:").unwrap_or(0) / 1024
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let own = std::process::id();
        let before: u64 = cpu_by_thread(own).unwrap().values().sum();
        let mut sum = 0_u64;
        while cpu_by_thread(own).unwrap().values().sum::<u64>() == before {
            sum = std::hint::black_box((0..100_000).fold(sum, u64::wrapping_add));
        }
        assert!(peak_memory_kib(own).unwrap() > 100);
        assert!(machine_busy_micros().unwrap() > 0);
        assert!(cpu_of_family_micros(own).is_ok());
        assert!(memory_mib() > 0);
    }
}
