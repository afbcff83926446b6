// A contiguous byte queue: bytes are appended at the end and consumed from the front. Growth does
// not zero memory, and consuming is a pointer move; the storage is compacted when the front half is
// free and room is needed.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace quorate::base {

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept { Swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_ + begin_, size()}; }
  char* data() { return data_ + begin_; }

  // Room for `n` more bytes at the returned address; make them part of the buffer with Commit(n).
  char* Reserve(size_t n) {
    if (capacity_ - end_ < n) Grow(n);
    return data_ + end_;
  }
  void Commit(size_t n) { end_ += n; }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void Append(char byte) {
    *Reserve(1) = byte;
    ++end_;
  }

  // Drops the first `n` bytes. Precondition: n <= size().
  void Consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Drops all but the first `n` bytes. Precondition: n <= size().
  void Truncate(size_t n) { end_ = begin_ + n; }
  void Clear() { begin_ = end_ = 0; }
  // Gives the storage back.
  void Free() {
    std::free(data_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }

  void Swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void Grow(size_t n);

  char* data_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace quorate::base
