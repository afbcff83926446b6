#include "shared/base/buffer.h"

#include <algorithm>

namespace quorate::base {

void Buffer::Grow(size_t n) {
  const size_t used = size();
  if (capacity_ - used >= n && begin_ >= capacity_ / 2) {
    std::memmove(data_, data_ + begin_, used);
    begin_ = 0;
    end_ = used;
    return;
  }
  const size_t wanted = std::max({size_t{256}, capacity_ * 2, used + n});
  auto* fresh = static_cast<char*>(std::malloc(wanted));
  if (fresh == nullptr) throw std::bad_alloc();
  if (used != 0) std::memcpy(fresh, data_ + begin_, used);
  std::free(data_);
  data_ = fresh;
  begin_ = 0;
  end_ = used;
  capacity_ = wanted;
}

}  // namespace quorate::base
