#include "core/io/size_text.h"
#include "core/runtime/number_text.h"

#include <QTest>

#include <clocale>
#include <cstdio>
#include <string>

using namespace nanodit;

class TestNumberText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void digitsAreThoseOfPrintf()
    {
        const std::string before = std::setlocale(LC_NUMERIC, nullptr);
        std::setlocale(LC_NUMERIC, "C");
        for (const double value :
             {0.0, 1.0, -0.25, 0.123456, 0.99995, 9.9999, 1234.5, 123456.0, 1.25e-5, 3e-12, 1e300}) {
            char expected[400];
            for (const int digits : {1, 2, 3, 4}) {
                std::snprintf(expected, sizeof expected, "%.*g", digits, value);
                QCOMPARE(significantText(value, digits), std::string(expected));
                std::snprintf(expected, sizeof expected, "%.*f", digits, value);
                QCOMPARE(decimalText(value, digits), std::string(expected));
            }
        }
        std::setlocale(LC_NUMERIC, before.c_str());
        QCOMPARE(roughText(1.2345e-5), std::string("1.2e-05"));
        QCOMPARE(percentText(0.12345), std::string("12.3 %"));
    }

    void hasAPointWhereTheLocaleHasAComma()
    {
        const std::string before = std::setlocale(LC_NUMERIC, nullptr);
        bool comma = false;
        for (const auto* const name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8"})
            comma = comma || (std::setlocale(LC_NUMERIC, name) != nullptr && *std::localeconv()->decimal_point == ',');
        const auto texts = decimalText(1.5, 2) + " " + significantText(0.125, 3) + " " + sizeText(1500);
        std::setlocale(LC_NUMERIC, before.c_str());
        QCOMPARE(texts, std::string("1.50 0.125 1.5 kB"));
        if (!comma)
            QSKIP("no locale with a decimal comma is installed here");
    }
};

QTEST_APPLESS_MAIN(TestNumberText)
#include "tst_number_text.moc"
