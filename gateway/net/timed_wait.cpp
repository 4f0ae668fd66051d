// SPDX-License-Identifier: Apache-2.0
#include "net/timed_wait.hpp"

namespace gateway::net {

runtime::task<io_status> write_rest(stream& to, std::span<iovec> pieces, write_pace pace) {
    while (total(pieces) > 0) {
        io_result const result = to.try_write(pieces);
        if (result.status == io_status::would_block) {
            co_await writable_within{to, pace.home, pace.limit, pace.late};
        } else if (result.status != io_status::ok) {
            co_return result.status;
        }
    }
    co_return io_status::ok;
}

}  // namespace gateway::net
