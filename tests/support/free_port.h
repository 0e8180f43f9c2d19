#pragma once

#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace nanodit::test {

/// A TCP port of this machine that nobody listens on, for processes that are to meet. The system gives each caller
/// another one, so that tests that run beside each other do not meet.
inline int freePort()
{
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const bool found = listener >= 0 && ::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                       ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    ::close(listener);
    if (!found)
        throw std::runtime_error("there is no free port");
    return ntohs(address.sin_port);
}

} // namespace nanodit::test
