#include "widgets/icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QPixmapCache>
#include <QSvgRenderer>

#include <algorithm>

namespace nanodit {

namespace {

enum class Tint { Text, Hue, White };

class TintedIconEngine : public QIconEngine {
public:
    TintedIconEngine(QString name, Tint tint, Hue hue)
        : name_(std::move(name))
        , tint_(tint)
        , hue_(hue)
    {
    }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override
    {
        painter->drawPixmap(rect, pixmap(rect.size() * painter->device()->devicePixelRatioF(), mode, state));
    }

    /// Until Qt 6.7 the size is one in pixels of the screen, since then it must be multiplied by the scale.
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state,
                         [[maybe_unused]] qreal scale) override
    {
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
        return pixmap(size * scale, mode, state);
#else
        return pixmap(size, mode, state);
#endif
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override
    {
        if (size.isEmpty()) // in a control that a splitter has squeezed away
            return QPixmap(size);
        const auto tint = colour(mode);
        const auto key = QStringLiteral("nanodit-icon/%1/%2x%3/%4")
                             .arg(name_, QString::number(size.width()), QString::number(size.height()), tint.name());
        QPixmap drawn;
        if (QPixmapCache::find(key, &drawn))
            return drawn;
        drawn = QPixmap(size);
        drawn.fill(Qt::transparent);
        QPainter painter(&drawn);
        // Square and at the left: a wider icon size leaves room between drawing and text.
        const double side = std::min(size.width(), size.height());
        QSvgRenderer(QStringLiteral(":/nanodit/icons/%1.svg").arg(name_)).render(&painter, QRectF(0, 0, side, side));
        painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
        painter.fillRect(drawn.rect(), tint);
        painter.end();
        QPixmapCache::insert(key, drawn);
        return drawn;
    }

    QIconEngine* clone() const override { return new TintedIconEngine(*this); }

private:
    QColor colour(QIcon::Mode mode) const
    {
        const auto& colours = themeColours();
        if (mode == QIcon::Disabled)
            return colours.faint;
        switch (tint_) {
        case Tint::White:
            return Qt::white;
        case Tint::Hue:
            return colours.hue(hue_);
        case Tint::Text:
            break;
        }
        return colours.text;
    }

    QString name_;
    Tint tint_;
    Hue hue_;
};

} // namespace

QIcon icon(const QString& name, std::optional<Hue> hue)
{
    return QIcon(new TintedIconEngine(name, hue ? Tint::Hue : Tint::Text, hue.value_or(Hue::Grey)));
}

QIcon iconOnAccent(const QString& name)
{
    return QIcon(new TintedIconEngine(name, Tint::White, Hue::Grey));
}

} // namespace nanodit
