// Ownership of libuv handles. uv_close is asynchronous, so a handle cannot live inside the object
// that uses it: it lives in a box that is freed by the close callback, and the box forgets its
// owner the moment the owner lets go. That is what makes destroying any object inside its own
// callback safe.
//
// Loop thread only. Every handle of the loop is boxed, so that tearing the loop down can close all
// of them.
#pragma once

#include <uv.h>

namespace quorate::uv {

struct HandleBox {
  virtual ~HandleBox() = default;
};

// uv_close callback: frees the box.
inline void DeleteBox(uv_handle_t* handle) { delete static_cast<HandleBox*>(handle->data); }

// One libuv handle of type H, used by an Owner. Empty until Initialise.
template <typename H, typename Owner>
class Handle {
 public:
  Handle() = default;
  ~Handle() { Reset(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Runs `initialise(H*)`, a uv_*_init call, on a fresh handle and returns its result; on failure
  // stays empty. Precondition: empty.
  template <typename InitCall>
  int Initialise(Owner& owner, InitCall initialise) {
    auto* box = new Box;
    const int rc = initialise(&box->handle);
    if (rc != 0) {
      delete box;
      return rc;
    }
    box->owner = &owner;
    box->handle.data = static_cast<HandleBox*>(box);
    box_ = box;
    return 0;
  }

  bool empty() const { return box_ == nullptr; }
  H* get() const { return &box_->handle; }

  // Closes the handle; none of its callbacks reaches the owner any more.
  void Reset() {
    if (box_ == nullptr) return;
    box_->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&box_->handle), DeleteBox);
    box_ = nullptr;
  }

  // In a callback: the owner, or null when it has let go. Ask again after calling out, to learn if
  // the owner survived.
  static Owner* OwnerOf(const H* handle) {
    return static_cast<Box*>(static_cast<HandleBox*>(handle->data))->owner;
  }

 private:
  struct Box : HandleBox {
    H handle{};
    Owner* owner = nullptr;
  };
  Box* box_ = nullptr;
};

}  // namespace quorate::uv
