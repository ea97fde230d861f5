# cmake -DDIST=… -DOUT=… -P embed.cmake: packs every file of the built dashboard and writes the unit that holds them.
# A unit of assembler directives: the bytes never pass through the compiler.
find_program(GZIP gzip REQUIRED)
file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
list(SORT files)
file(REMOVE_RECURSE ${OUT}/web)
set(data "")
set(table "")
set(index 0)
foreach(file ${files})
  if(file MATCHES "\\.map$")  # for developers, who have the sources
    continue()
  endif()
  file(SHA256 ${DIST}/${file} hash)
  string(SUBSTRING ${hash} 0 24 tag)
  set(packed ${OUT}/web/${tag}.gz)
  file(MAKE_DIRECTORY ${OUT}/web)
  execute_process(COMMAND ${GZIP} -9nc ${DIST}/${file} OUTPUT_FILE ${packed} COMMAND_ERROR_IS_FATAL ANY)
  string(APPEND data "asm(\".section .rodata\\n.balign 16\\nassetd_web_${index}:\\n.incbin \\\"${packed}\\\"\\nassetd_web_${index}_end:\\n.byte 0\\n.previous\");\n")
  string(APPEND data "extern \"C\" const char assetd_web_${index}[], assetd_web_${index}_end[];\n")
  string(APPEND table "    {\"/${file}\", {assetd_web_${index}, assetd_web_${index}_end}, \"\\\"${tag}\\\"\"},\n")
  math(EXPR index "${index} + 1")
endforeach()
if(index EQUAL 0)
  message(FATAL_ERROR "${DIST} holds no files")
endif()
file(WRITE ${OUT}/web_files.cc
"// Made by daemon/http/embed.cmake from the built dashboard.
#include \"daemon/http/static_files.h\"

${data}
namespace assetd::http {

std::span<const EmbeddedFile> embedded_files() {
  static const EmbeddedFile files[] = {
${table}  };
  return files;
}

}  // namespace assetd::http
")
