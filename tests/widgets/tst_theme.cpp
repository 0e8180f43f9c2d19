#include "widgets/banner.h"
#include "widgets/colours.h"
#include "widgets/fitted_header.h"
#include "widgets/icons.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QFile>
#include <QFontMetrics>
#include <QHeaderView>
#include <QIcon>
#include <QImage>
#include <QLabel>
#include <QPalette>
#include <QRegularExpression>
#include <QStandardItemModel>
#include <QStyle>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include <algorithm>
#include <cmath>
#include <utility>

using namespace nanodit;

namespace {

/// Relative luminance as WCAG 2.1 defines it.
double luminance(const QColor& colour)
{
    const auto linear = [](double value) {
        return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

double contrast(const QColor& a, const QColor& b)
{
    const auto [less, more] = std::minmax({luminance(a), luminance(b)});
    return (more + 0.05) / (less + 0.05);
}

} // namespace

class TestTheme : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Of their own, for with a style sheet Qt cuts them off.
    void titlesOfColumnsEndInDotsWhereThereIsNoRoom()
    {
        const Theme theme(*qApp);
        constexpr int narrow = 60, aroundTitle = 12, arrow = 14;
        const QString whole("Caption gain of the run");
        QStandardItemModel model(1, 1);
        FittedHeader header;
        QHeaderView plain(Qt::Horizontal);
        plain.setDefaultAlignment(header.defaultAlignment());
        for (auto* const each : {&plain, static_cast<QHeaderView*>(&header)}) {
            each->setModel(&model);
            each->setMinimumSectionSize(1);
            each->resize(300, 24);
            each->resizeSection(0, narrow);
            each->ensurePolished();
        }
        const auto drawn = [&model](QHeaderView& view, const QString& title) {
            model.setHorizontalHeaderLabels({title});
            return view.grab().toImage();
        };
        const auto dotted = [&whole, metrics = QFontMetrics(smallFont(header.font()))](int room) {
            return metrics.elidedText(whole, Qt::ElideRight, room);
        };
        QVERIFY(dotted(narrow - aroundTitle) != whole);
        QCOMPARE(drawn(header, whole), drawn(plain, dotted(narrow - aroundTitle)));
        QCOMPARE(drawn(header, "Run"), drawn(plain, "Run"));
        for (auto* const each : {&plain, static_cast<QHeaderView*>(&header)}) {
            each->setSortIndicatorShown(true);
            each->setSortIndicator(0, Qt::AscendingOrder);
        }
        QCOMPARE(drawn(header, whole), drawn(plain, dotted(narrow - aroundTitle - arrow)));
        header.resizeSection(0, 300);
        plain.resizeSection(0, 300);
        QCOMPARE(drawn(header, whole), drawn(plain, whole));
    }

    /// 4.5 to 1, the AA of WCAG 2.1 for text.
    void textHasEnoughContrast()
    {
        Theme theme(*qApp);
        for (const auto mode : {ThemeMode::Light, ThemeMode::Dark}) {
            theme.setMode(mode);
            const auto& colours = themeColours();
            QLabel problem;
            setRole(&problem, "problem");
            problem.ensurePolished();
            const auto said = problem.palette().color(QPalette::WindowText);
            QVERIFY(said != colours.text);
            QCOMPARE(said, colours.problemText());
            for (const auto& ground : {colours.window, colours.panel, colours.raised, colours.selection()}) {
                for (const auto& text : {colours.text, colours.secondary, colours.accentText, colours.problemText(),
                                         colours.warningText()})
                    QVERIFY2(contrast(text, ground) >= 4.5, qPrintable(text.name() + " on " + ground.name()));
            }
            for (const auto& ground : {colours.window, colours.panel}) // 3 to 1 for what shows the focus
                QVERIFY2(contrast(colours.accent, ground) >= 3, qPrintable(ground.name()));
            QTreeView list;
            list.ensurePolished();
            QCOMPARE(list.palette().color(QPalette::Highlight), colours.selection());
            QVERIFY(contrast(list.palette().color(QPalette::HighlightedText), colours.selection()) >= 4.5);
            for (const auto& mark :
                 {colours.hue(meaning::loss), colours.green, colours.vermillion}) // drawn, not written
                QVERIFY2(contrast(mark, colours.selection()) >= 2.5, qPrintable(mark.name()));
            using enum QPalette::ColorRole;
            const std::pair<QPalette::ColorRole, QPalette::ColorRole> written[] = {{WindowText, Window},
                                                                                   {Text, Base},
                                                                                   {Text, AlternateBase},
                                                                                   {ButtonText, Button},
                                                                                   {ToolTipText, ToolTipBase},
                                                                                   {PlaceholderText, Base},
                                                                                   {Link, Base},
                                                                                   {LinkVisited, Base},
                                                                                   {Link, Window},
                                                                                   {HighlightedText, Highlight}};
            const auto palette = QApplication::palette();
            for (const auto& [text, ground] : written)
                QVERIFY2(contrast(palette.color(text), palette.color(ground)) >= 4.5,
                         qPrintable(palette.color(text).name() + " on " + palette.color(ground).name()));
        }
    }

    /// What is written in the style sheet has one of the colours above; what is disabled may be fainter.
    void theStyleSheetWritesInColoursThatCanBeRead()
    {
        Theme theme(*qApp);
        QFile file(":/nanodit/style/workbench.qss");
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto sheet = QString::fromUtf8(file.readAll());
        const QStringList readable = {"@text", "@secondary", "@problem", "@accentText"};
        static const QRegularExpression rule("([^{}]+)\\{([^{}]*)\\}"), colour("(?:^|[\\s;])color:\\s*([^;\\s]+)");
        int rules = 0;
        for (auto found = rule.globalMatch(sheet); found.hasNext(); ++rules) {
            const auto match = found.next();
            const auto body = match.captured(2);
            const auto selectors = match.captured(1).split(',');
            const bool disabled =
                std::ranges::all_of(selectors, [](const QString& one) { return one.contains(":disabled"); });
            for (auto inks = colour.globalMatch(body); inks.hasNext();) {
                const auto ink = inks.next().captured(1);
                const bool onFill = ink == "#ffffff" && body.contains("background: @fill");
                QVERIFY2(readable.contains(ink) || (ink == "@faint" && disabled) || onFill,
                         qPrintable(match.captured(1).trimmed() + " writes in " + ink));
            }
        }
        QVERIFY(rules > 50);
    }

    void aLargeFontOfTheSystemIsKept()
    {
        const auto before = QApplication::font();
        auto font = before;
        font.setPointSizeF(18);
        QApplication::setFont(font);
        {
            Theme theme(*qApp);
            QCOMPARE(QApplication::font().pointSizeF(), 18.0);
            QVERIFY(qApp->styleSheet().contains("28.8pt")); // titles, which are 16 beside 10
            QVERIFY(!qApp->styleSheet().contains(" 16pt"));
        }
        font.setPointSizeF(11);
        QApplication::setFont(font);
        {
            Theme theme(*qApp);
            QCOMPARE(QApplication::font().pointSizeF(), 10.0);
            QVERIFY(qApp->styleSheet().contains("16pt"));
        }
        QApplication::setFont(before);
    }

    /// What views paint has the size that the style sheet gives to labels of the same role.
    void smallTextFollowsTheFontOfTheSystem()
    {
        const auto before = QApplication::font();
        auto font = before;
        font.setPointSizeF(18);
        QApplication::setFont(font);
        {
            Theme theme(*qApp);
            QCOMPARE(smallFont(QApplication::font()).pointSizeF(), 16.2);
            QVERIFY(qApp->styleSheet().contains("16.2pt"));
        }
        QApplication::setFont(before);
        font.setPixelSize(20);
        QCOMPARE(smallFont(font).pixelSize(), 18);
    }

    void iconsAreAsSharpAsTheScreen()
    {
        Theme theme(*qApp);
        const auto train = icon(QStringLiteral("train"));
        QCOMPARE(train.pixmap(QSize(20, 20), 1.0).size(), QSize(20, 20));
        QCOMPARE(train.pixmap(QSize(20, 20), 1.25).size(), QSize(25, 25));
        QCOMPARE(train.pixmap(QSize(20, 20), 2.0).size(), QSize(40, 40));
    }

    /// Style sheets read SVG by a plugin, which some systems have in a package of its own.
    void marksOfTheStyleSheetAreDrawn()
    {
        for (const char* const name : {"arrow-down-light", "arrow-up-dark", "check-white"}) {
            const auto mark = QIcon(QStringLiteral(":/nanodit/style/%1.svg").arg(QLatin1String(name))).pixmap(12, 12);
            QVERIFY2(!mark.isNull(), "install qt6-svg-plugins");
            const auto image = mark.toImage();
            int drawn = 0;
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x)
                    drawn += image.pixelColor(x, y).alpha() > 128;
            }
            QVERIFY2(drawn > 0, name);
        }
    }

    void aLongMessageBeginsWithItsFirstSentence()
    {
        QCOMPARE(firstSentence("The file is missing. Choose another."),
                 QStringLiteral("The file is missing. Choose another."));
        const auto trace =
            QStringLiteral("The device had not enough memory: use a smaller batch.\nframe #0: c10::Error\nframe #1");
        QCOMPARE(firstSentence(trace), QStringLiteral("The device had not enough memory: use a smaller batch."));
        QVERIFY(firstSentence(QString(5000, 'x')).size() <= 320);
        Theme theme(*qApp);
        Banner banner;
        banner.showFailure("The training stopped", trace);
        auto* const details = banner.findChild<QToolButton*>("details");
        QVERIFY(details->isVisible());
        const auto shown = [&banner] {
            QString all;
            for (const auto* const label : banner.findChildren<QLabel*>())
                all += label->text();
            return all;
        };
        QVERIFY(shown().contains("smaller batch") && !shown().contains("frame #1"));
        QTest::mouseClick(details, Qt::LeftButton);
        QVERIFY(shown().contains("frame #1"));
        banner.showFailure("The training stopped", "There are no shards.");
        QVERIFY(!details->isVisible());
        QVERIFY(!shown().contains("frame #1"));
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
