# Warnings, sanitizers, ccache and mold, for every target of this project.
add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns falsely inside its own <string>, <variant> and <regex> at -O2.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Of the builds with sanitizers. What is deprecated is within libstdc++ 12's own <algorithm>; strings are put together over lines on purpose.
  add_compile_options(-Wno-deprecated-declarations -Wno-string-concatenation -Wno-missing-braces)
endif()
if(ASSETD_SANITIZE)
  add_compile_options(-fsanitize=${ASSETD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ASSETD_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header is only cached when ccache may be lax about its time stamps and macros.
  set(_launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${_launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${_launcher})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# assetd_library(name DIR…): a static library of every .cc below this folder, without the files given after EXCLUDE.
function(assetd_library name)
  cmake_parse_arguments(ARG "" "" "EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(file ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  if(NOT sources)  # a room that is not furnished yet
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cc "")
    set(sources ${CMAKE_BINARY_DIR}/empty.cc)
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_precompile_headers(${name} PRIVATE <cmake/precompiled.h>)  # not by a path: the compiler's cache serves a checkout elsewhere too
endfunction()

# assetd_test(name DIR LIBS…): a GoogleTest program of every *_test.cc below DIR.
function(assetd_test name dir)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARGN} test_paths GTest::gtest GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} PRIVATE <cmake/precompiled_test.h>)
  # Tests are compiled once and run once: what the optimizer takes for them (40 % of the time) never comes back.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
