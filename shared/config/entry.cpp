#include "shared/config/entry.h"

namespace quorate::config {

std::string FatalText(const Problem& problem, std::string_view program) {
  std::string text = "\n*** FATAL CONFIG FILE ERROR (";
  text.append(program).append(") ***\n");
  text += "Reading the configuration file, ";
  if (problem.line > 0) text += "at line " + std::to_string(problem.line) + " of ";
  text += problem.file + "\n";
  if (!problem.text.empty()) text += ">>> '" + problem.text + "'\n";
  return text + problem.reason + "\n";
}

}  // namespace quorate::config
