#pragma once

#include <QCoreApplication>
#include <QMetaObject>

#include <exception>
#include <utility>

namespace nanodit {

/// Runs a step after which others must follow in any case. What it throws is thrown again by the event loop, in a turn
/// of its own, where Application (app/application.h) catches and tells it. Home thread.
template<typename Step>
void surely(Step&& step)
{
    try {
        std::forward<Step>(step)();
    } catch (...) {
        QMetaObject::invokeMethod(
            QCoreApplication::instance(), [fault = std::current_exception()] { std::rethrow_exception(fault); },
            Qt::QueuedConnection);
    }
}

} // namespace nanodit
