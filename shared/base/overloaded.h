// Overloaded{lambdas...}: the visitor for std::visit over variants of plain structs.
#pragma once

namespace quorate::base {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace quorate::base
