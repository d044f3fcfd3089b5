#include "admin-service/cli/table.h"

#include "gtest/gtest.h"

namespace holt::admin::cli {
namespace {

TEST(TableTest, ColumnsAreAlignedByCharacters) {
  Table table({{"NAME"}, {"COUNT", Align::kRight}});
  table.AddRow({"Büro", "7"});
  table.AddRow({"a", "1,000"});
  EXPECT_EQ(table.Render({}),
            "NAME  COUNT\n"
            "Büro      7\n"
            "a     1,000\n");
}

TEST(TableTest, ColourDoesNotMoveColumns) {
  Table table({{"STATE"}, {"NAME"}});
  table.AddRow({Cell("ok", Colour::kGreen), "a"});
  EXPECT_EQ(table.Render({.headings = false, .colour = true}),
            "\033[32mok\033[0m  a\n");
}

TEST(TableTest, ControlCharactersCannotReachTheTerminal) {
  Table table({{"NAME"}});
  table.AddRow({"\033[2Jgone\n"});
  EXPECT_EQ(table.Render({.headings = false}), "?[2Jgone?\n");
}

}  // namespace
}  // namespace holt::admin::cli
