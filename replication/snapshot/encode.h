// The RDB primitives that the writer is made of: lengths, integers and strings appended to a
// buffer. Layouts are in format.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "replication/snapshot/format.h"
#include "shared/base/buffer.h"

namespace quorate::replication::snapshot {

void AppendByte(uint8_t byte, base::Buffer& out);
void AppendOpcode(Opcode opcode, base::Buffer& out);
void AppendLittleEndian64(uint64_t value, base::Buffer& out);
void AppendLength(uint64_t length, base::Buffer& out);
// The shortest form: a canonical integer of up to 32 bits as such; LZF if `compress` and it saves
// anything; else the bytes.
void AppendString(std::string_view text, bool compress, base::Buffer& out);

}  // namespace quorate::replication::snapshot
