// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in every target of this package; the packages it depends on keep their own rules.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  // Exclusive access is checked at run time where the tests run. In release builds the checks would take some
  // twentieth of a query.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

// The kernels are optimised in debug builds too: an unoptimised inner loop would make the tests take minutes.
// `-ffp-contract=off` leaves every fused multiply-add to the source, so that all instruction sets round alike.
let kernelSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Werror"])
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let heaps = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deques = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let nioTestUtils = Target.Dependency.product(name: "NIOTestUtils", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "docent",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "docent", targets: ["docent"]),
    .executable(name: "docent-teacher", targets: ["docent-teacher"]),
    .executable(name: "docent-student", targets: ["docent-student"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    // MARK: C
    .systemLibrary(
      name: "CProtobufC", path: "Sources/CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CWire", dependencies: ["CProtobufC"]),
    .target(name: "CKernels", cSettings: kernelSettings),
    .target(name: "CLoad", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),

    // MARK: Libraries
    .target(
      name: "Wire", dependencies: ["CWire", nioCore, nioPosix, nioSSL, logging, crypto], swiftSettings: swiftSettings),
    .target(name: "Neural", dependencies: ["CKernels"], swiftSettings: swiftSettings),
    .target(name: "Environments", swiftSettings: swiftSettings),
    .target(name: "Learning", dependencies: ["Neural", "Environments"], swiftSettings: swiftSettings),
    .target(name: "RolloutControl", dependencies: [yams], swiftSettings: swiftSettings),
    .target(name: "RolloutSimulation", dependencies: ["RolloutControl"], swiftSettings: swiftSettings),
    .target(name: "Registry", dependencies: [grdb, crypto], swiftSettings: swiftSettings),
    .target(name: "ModelStore", dependencies: ["Neural", "Registry", crypto], swiftSettings: swiftSettings),
    .target(
      name: "TeacherServing",
      dependencies: [
        "Wire", "Neural", "RolloutControl", nioCore, nioPosix, nioHTTP1, logging, crypto, heaps, deques,
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "StudentTraining",
      dependencies: ["Learning", "Wire", "Registry", "ModelStore", "Neural", "Environments", "Console", yams],
      swiftSettings: swiftSettings),
    .target(name: "Console", dependencies: [argumentParser], swiftSettings: swiftSettings),

    // MARK: Executables
    .executableTarget(
      name: "docent-teacher",
      dependencies: [
        "TeacherServing", "Wire", "Neural", "Registry", "ModelStore", "RolloutControl", "Console", argumentParser,
        logging,
        serviceLifecycle, unixSignals, nioCore, nioPosix,
      ], swiftSettings: swiftSettings),
    .executableTarget(
      name: "docent-student",
      dependencies: ["StudentTraining", "Learning", "Registry", "ModelStore", "Console", argumentParser],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "docent",
      dependencies: [
        "Wire", "Neural", "Environments", "Learning", "Registry", "ModelStore", "RolloutControl", "RolloutSimulation",
        "StudentTraining", "Console", "CLoad", argumentParser, yams, subprocess, system, nioCore, nioPosix, nioHTTP1,
        nioSSL,
      ], swiftSettings: swiftSettings),

    // MARK: Tests
    .target(name: "CSanitizing", path: "Tests/CSanitizing"),
    .target(
      name: "TestSupport", dependencies: ["CSanitizing", "Wire", nioCore, nioPosix, logging, subprocess, system],
      path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .testTarget(
      name: "WireTests",
      dependencies: [
        "Wire", "CWire", "TestSupport", nioCore, nioPosix, nioEmbedded, nioTestUtils, nioSSL, crypto, logging,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "NeuralTests", dependencies: ["Neural", "CKernels", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "EnvironmentsTests", dependencies: ["Environments", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LearningTests", dependencies: ["Learning", "Neural", "Environments", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RegistryTests", dependencies: ["Registry", "TestSupport", grdb], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ModelStoreTests", dependencies: ["ModelStore", "Registry", "Neural", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RolloutControlTests", dependencies: ["RolloutControl", "RolloutSimulation"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TeacherServingTests",
      dependencies: [
        "TeacherServing", "Wire", "Neural", "RolloutControl", "TestSupport", nioCore, nioPosix, nioEmbedded, logging,
        crypto, subprocess,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "StudentTrainingTests",
      dependencies: [
        "StudentTraining", "Learning", "Neural", "Environments", "Registry", "ModelStore", "Wire", "TestSupport",
      ],
      swiftSettings: swiftSettings),
    .testTarget(name: "CLoadTests", dependencies: ["CLoad"], swiftSettings: swiftSettings),
    .testTarget(
      name: "BenchTests", dependencies: ["docent", "Neural", "Environments", "Wire"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ConsoleTests", dependencies: ["Console", "TestSupport", argumentParser], swiftSettings: swiftSettings),
    .testTarget(
      name: "DocentTests",
      dependencies: [
        "docent", "TeacherServing", "TestSupport", "Wire", "RolloutControl", nioCore, nioPosix, logging, subprocess,
        system,
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "TestSupport", "Wire", "Neural", "Registry", "ModelStore", "RolloutControl", "StudentTraining", "Learning",
        "docent", "docent-teacher", "docent-student", nioCore, nioPosix, nioSSL, crypto, grdb, subprocess, system,
      ], swiftSettings: swiftSettings),
  ]
)

// `make fuzz` builds what no other build sees: libFuzzer around the parts that take bytes from strangers. Those parts
// report where inputs take them, and check every access to memory.
if Context.environment["DOCENT_FUZZING"] != nil {
  // Optimised, with the assertions of debug builds.
  let swiftFuzzing = SwiftSetting.unsafeFlags(["-sanitize=fuzzer,address", "-O", "-assert-config", "Debug"])
  let cFuzzing = CSetting.unsafeFlags(["-fsanitize=fuzzer-no-link,address", "-O1"])
  for target in package.targets where ["CWire", "CKernels"].contains(target.name) {
    target.cSettings = (target.cSettings ?? []) + [cFuzzing]
  }
  for target in package.targets where ["Wire", "Neural", "TeacherServing"].contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + [swiftFuzzing]
  }
  package.targets += [
    .target(name: "CFuzzing", path: "Tests/Fuzzing/CFuzzing"),
    .executableTarget(
      name: "docent-fuzz",
      dependencies: [
        "CFuzzing", "CWire", "Wire", "Neural", "RolloutControl", "TeacherServing", nioCore, nioEmbedded, logging,
      ],
      path: "Tests/Fuzzing", exclude: ["CFuzzing", "Corpus", "run.sh"], swiftSettings: swiftSettings + [swiftFuzzing],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ]
}
