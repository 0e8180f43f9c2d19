#include "app/window_layout.h"

#include "app/preferences.h"

#include <QMetaObject>
#include <QSplitter>
#include <QVariant>
#include <QWidget>

#include <functional>

namespace nanodit {

namespace {

constexpr auto arrangementProperty = "arrangement";

/// Calls `visit` with each part that has something to keep, and its key.
void visitParts(const QWidget& page, const QString& word,
                const std::function<void(QWidget& part, const QString& key)>& visit)
{
    for (auto* const part : page.findChildren<QWidget*>()) {
        const bool arranges = qobject_cast<const QSplitter*>(part) != nullptr ||
                              part->metaObject()->indexOfProperty(arrangementProperty) >= 0;
        if (arranges && !part->objectName().isEmpty())
            visit(*part, QStringLiteral("%1/%2").arg(word, part->objectName()));
    }
}

} // namespace

void keepLayout(const QWidget& page, const QString& word, Preferences& preferences)
{
    visitParts(page, word, [&preferences](const QWidget& part, const QString& key) {
        const auto* const splitter = qobject_cast<const QSplitter*>(&part);
        preferences.setArrangement(key, splitter != nullptr ? splitter->saveState()
                                                            : part.property(arrangementProperty).toByteArray());
    });
}

void restoreLayout(const QWidget& page, const QString& word, const Preferences& preferences)
{
    visitParts(page, word, [&preferences](QWidget& part, const QString& key) {
        const auto state = preferences.arrangement(key);
        if (state.isEmpty())
            return;
        if (auto* const splitter = qobject_cast<QSplitter*>(&part))
            splitter->restoreState(state);
        else
            part.setProperty(arrangementProperty, state);
    });
}

} // namespace nanodit
