import Console
import Testing

@Suite struct ByteSizeTests {
  @Test(
    "Bytes have a unit of 1024s, or none",
    arguments: [
      ("512", 512), ("512B", 512), ("64KiB", 65536), ("3MiB", 3 << 20), ("2GiB", 2 << 30), ("1.5 GiB", 3 << 29),
      ("1TiB", 1 << 40), ("0.5KiB", 512),
    ])
  func sizes(text: String, bytes: Int) {
    #expect(ByteSize(argument: text)?.bytes == bytes)
  }

  @Test(
    "What is no size is refused",
    arguments: ["", "GiB", "2GB", "2gib", "-1", "0", "0.1", "1..5", "1e3", "2GiB2", "99999999999TiB", "\u{0663}"])
  func refused(text: String) {
    #expect(ByteSize(argument: text) == nil)
  }
}
