import CKernels
import Testing

/// The thread beside a network in training: every job runs exactly once before its wait returns.
@Suite struct WorkerTests {
  @Test func everyJobRunsOnce() {
    let worker = ck_worker_create()
    let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    defer { count.deallocate() }
    count.initialize(to: 0)
    for job in 1...5000 {
      ck_worker_submit(worker, { $0!.assumingMemoryBound(to: Int.self).pointee += 1 }, count)
      ck_worker_wait(worker)
      #expect(count.pointee == job)
    }
    ck_worker_destroy(worker)
    #expect(count.pointee == 5000)
  }

  @Test func aWorkerWithoutJobsEnds() {
    ck_worker_destroy(ck_worker_create())
    ck_worker_destroy(nil)
  }
}
