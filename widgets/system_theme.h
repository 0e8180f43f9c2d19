#pragma once

#include <QObject>

class QDBusVariant;

namespace nanodit {

/// Whether the desktop asks for dark windows, and when that changes. Asks Qt where it knows (6.5 and later), else the
/// desktop's settings portal (org.freedesktop.appearance color-scheme), else goes by the palette that the program
/// started with.
class SystemTheme : public QObject {
    Q_OBJECT

public:
    explicit SystemTheme(QObject* parent = nullptr);
    bool dark() const { return dark_; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void portalSettingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    void setDark(bool dark);
    void watchPortal();

    bool dark_ = false;
};

} // namespace nanodit
